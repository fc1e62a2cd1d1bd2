import { expect } from 'chai'
import fc from 'fast-check'
import { eventually } from '../../support/eventually'
import { ManualClock } from '../../support/manual-clock'
import { RedisServer } from '../../support/redis-server'
import type { SceneToken } from './expectations'
import { Expectations } from './expectations'
import { Side } from './side'

/** Set these to try others: `SEED=7 RUNS=500`. A failure says which seed it was. */
const SEED = Number(process.env['SEED'] ?? 20_261_126)
const RUNS = Number(process.env['RUNS'] ?? 1000)
/** However many were asked for, none begins later than this, unless somebody has asked. */
const LIMIT_MS = process.env['RUNS'] === undefined ? 9000 : Infinity
/**
 * Most of a scene is waiting: so many play at a time, each with a Redis of its own, which may be flushed, and a seed of
 * its own. `SEED` is that of the first.
 */
const STAGES = 3

/** When each token was issued, in seconds from the beginning: one while the scene plays. */
const ISSUED = [-100, -1, 0, 5]
const SIDES = [0, 1] as const

interface Step {
  readonly what:
    | 'revoke'
    | 'revokeAll'
    | 'revokeAllButOne'
    | 'restore'
    | 'restoreAll'
    | 'check'
    | 'cut'
    | 'heal'
    | 'settle'
    | 'flush'
    | 'restart'
  readonly on: number
  readonly token: number
  readonly thenSeconds: number
}

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.oneof(
    { weight: 3, arbitrary: fc.constant('revoke' as const) },
    { weight: 3, arbitrary: fc.constant('revokeAll' as const) },
    { weight: 3, arbitrary: fc.constant('revokeAllButOne' as const) },
    { weight: 2, arbitrary: fc.constantFrom('restore' as const, 'restoreAll' as const) },
    { weight: 3, arbitrary: fc.constant('check' as const) },
    { weight: 4, arbitrary: fc.constantFrom('cut' as const, 'heal' as const) },
    { weight: 2, arbitrary: fc.constant('settle' as const) },
    { weight: 1, arbitrary: fc.constantFrom('flush' as const, 'restart' as const) },
  ),
  on: fc.constantFrom(...SIDES),
  token: fc.nat(ISSUED.length - 1),
  thenSeconds: fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 2, arbitrary: fc.constantFrom(1, 1, 2, 10) },
  ),
})

describe('Two instances, whatever is revoked on them and taken back, in and out of outages', function () {
  this.timeout(process.env['RUNS'] === undefined ? 120_000 : 0)
  let stages: RedisServer[]
  let [scenes, ended] = [0, 0]

  before(async () => {
    stages = await Promise.all(Array.from({ length: STAGES }, () => RedisServer.start()))
  })

  after(async () => {
    // When the time is up, the last ones are not waited for.
    await eventually(() => ended === scenes, { withinMs: 30_000 })
    await Promise.all(stages.map((redis) => redis.close()))
  })

  async function play(redis: RedisServer, seed: number): Promise<void> {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 30, size: 'max' }), async (steps) => {
        scenes += 1
        const scene = await Scene.start(redis, `scene${String(scenes)}`)
        try {
          for (const each of steps) await scene.take(each)
          await scene.end()
        } finally {
          await scene.close()
          ended += 1
        }
      }),
      {
        seed,
        numRuns: Math.ceil(RUNS / STAGES),
        interruptAfterTimeLimit: LIMIT_MS,
        endOnFailure: process.env['SHRINK'] === 'no',
      },
    )
  }

  it('let in no token that they have learnt to be revoked, and know everything of each other soon after', async () => {
    await Promise.all(stages.map((redis, stage) => play(redis, SEED + stage)))
    expect(scenes).to.be.greaterThan(5)
  })
})

/** Two sides over one Redis, and what is expected of them. */
class Scene {
  readonly #redis: RedisServer
  readonly #clock: ManualClock
  readonly #namespace: string
  readonly #expected: Expectations
  #sides: readonly [Side, Side]
  #underWay: Promise<unknown>[] = []

  private constructor(
    redis: RedisServer,
    namespace: string,
    { clock, sides }: { clock: ManualClock; sides: readonly [Side, Side] },
  ) {
    this.#redis = redis
    this.#namespace = namespace
    this.#clock = clock
    this.#sides = sides
    this.#expected = new Expectations(
      ISSUED.map((issued, index): SceneToken => {
        const exp = clock.seconds + 20 + 20 * index
        return { jti: String(index), sub: '7', iat: clock.seconds + issued, exp }
      }),
    )
  }

  static async start(redis: RedisServer, namespace: string): Promise<Scene> {
    const clock = new ManualClock()
    const parts = { port: redis.port, namespace, clock }
    const sides = await Promise.all([Side.start(parts), Side.start(parts)])
    return new Scene(redis, namespace, { clock, sides })
  }

  async take({ what, on, token: index, thenSeconds }: Step): Promise<void> {
    const side = this.#side(on)
    const token = this.#expected.tokens[index] as SceneToken
    switch (what) {
      case 'revoke':
        this.#begin(side.blacklist.revoke({ ...token }))
        this.#expected.revoke(on, token, this.#reached(on))
        break
      case 'revokeAll':
      case 'revokeAllButOne':
        this.#revokeAll(on, what === 'revokeAll' ? undefined : token)
        break
      case 'restore':
        this.#expected.restore(on, token)
        // Awaited: where it has to ask Redis it takes back what is revoked meanwhile.
        await side.blacklist.restore({ ...token })
        break
      case 'restoreAll':
        this.#expected.restoreAll(on)
        await side.blacklist.restoreAll(token.sub)
        break
      case 'check':
        await this.#check(on)
        break
      case 'cut':
        if (!side.isCut) await side.cut()
        break
      case 'heal':
        await this.#heal()
        break
      default:
        await this.#settle()
        if (what === 'flush') await this.#redis.command('FLUSHALL')
        if (what === 'restart') await side.restart()
    }
    await this.#check(on)
    this.#clock.advance(thenSeconds * 1000)
  }

  /** All is said; both say the same, as does one that starts now, and as do the keys. */
  async end(): Promise<void> {
    await this.#settle()
    const witness = await Side.start({
      port: this.#redis.port,
      namespace: this.#namespace,
      clock: this.#clock,
    })
    try {
      const answers = await Promise.all([...this.#sides, witness].map((side) => this.#refusedBy(side)))
      expect(answers[1]).to.deep.equal(answers[0])
      expect(answers[2]).to.deep.equal(answers[0])
      for (const [key, cutOffMs] of await this.#listed(witness)) {
        const value = Number(await this.#redis.command('GET', key))
        if (cutOffMs !== undefined) expect(Math.ceil(value % 2 ** 33) * 1000).to.equal(cutOffMs)
      }
    } finally {
      await witness.close()
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#sides.map((side) => side.close()))
  }

  #revokeAll(on: number, except: SceneToken | undefined): void {
    const before = this.#clock.seconds + 1
    this.#begin(
      this.#side(on).blacklist.revokeAll('7', except === undefined ? {} : { except: { ...except } }),
    )
    this.#expected.revokeAll(on, { before, except }, this.#reached(on))
  }

  /** Ends all outages, and waits until everything is known everywhere. */
  async #settle(): Promise<void> {
    await this.#heal()
    await Promise.all(this.#underWay)
    this.#underWay = []
    this.#expected.know(SIDES)
    // Within a second of both being back; a busy machine is given more.
    await eventually(
      async () => {
        for (const on of SIDES) await this.#check(on)
        const [one, other] = await Promise.all(this.#sides.map((side) => this.#listed(side)))
        expect(other).to.deep.equal(one)
        expect(await this.#inRedis(one)).to.deep.equal(one)
      },
      { withinMs: 4000 },
    )
  }

  async #heal(): Promise<void> {
    await Promise.all(this.#sides.map((side) => side.heal()))
    this.#expected.mayKnow(SIDES)
  }

  async #check(on: number): Promise<void> {
    const refused = await this.#refusedBy(this.#side(on))
    for (const { jti } of this.#expected.of(on, this.#clock.seconds)) expect(refused).to.include(jti)
  }

  async #refusedBy({ blacklist }: Side): Promise<string[]> {
    const answers = await Promise.all(this.#expected.tokens.map((token) => blacklist.isRevoked({ ...token })))
    return this.#expected.tokens
      .filter((token, index) => answers[index] === true && token.exp > this.#clock.seconds)
      .map(({ jti }) => jti)
  }

  /** Whom a side tells what it does. */
  #reached(on: number): readonly number[] {
    return this.#side(on).isCut ? [] : SIDES.filter((side) => !this.#side(side).isCut)
  }

  #side(on: number): Side {
    return this.#sides[on] as Side
  }

  #begin(work: Promise<unknown>): void {
    this.#underWay.push(work)
  }

  /** What a side knows of, by the keys in Redis, and up to when it cuts off. */
  async #listed({ blacklist }: Side): Promise<Map<string, number | undefined>> {
    const listed = new Map<string, number | undefined>()
    for await (const { kind, id, issuedBefore } of blacklist.list()) {
      const key = `${this.#namespace}:blacklist:${kind === 'subject' ? 'subject:' : ''}${id}`
      listed.set(key, issuedBefore?.getTime())
    }
    return listed
  }

  /** That of it which Redis has: asked for at once, since this is asked again and again. */
  async #inRedis(listed: ReadonlyMap<string, number | undefined> = new Map()): Promise<typeof listed> {
    const found = new Set((await this.#redis.command('KEYS', `${this.#namespace}:blacklist:*`)).split('\n'))
    return new Map([...listed].filter(([key]) => found.has(key)))
  }
}
