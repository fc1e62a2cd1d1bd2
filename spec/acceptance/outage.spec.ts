import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises'
import { expect } from 'chai'
import type { Cache, ClientState, Stored } from 'holdfast'
import { CachePool } from '../support/cache-pool'
import { eventually } from '../support/eventually'
import { RedisServer } from '../support/redis-server'
import { failOnUnhandledRejections } from '../support/unhandled-rejections'

const FREEZE_MS = 1000
// What no call comes near to unless it waits for Redis, on a machine that is busy with other things, too.
const FAR_BEYOND_THE_BUDGET_MS = 900

describe('An outage of Redis', function () {
  this.timeout(60_000)
  failOnUnhandledRejections()

  const pool = new CachePool()
  let server: RedisServer
  let one: Cache
  let other: Cache

  beforeEach(async () => {
    server = await RedisServer.start({ persistent: true })
    one = pool.open({ redis: server.url })
    other = pool.open({ redis: server.url })
    await ready()
  })

  afterEach(async () => {
    await pool.close()
    await server.close()
  })

  async function ready(): Promise<void> {
    await eventually(() => one.isConnected && other.isConnected, { withinMs: 20_000 })
  }

  async function cutOff(): Promise<void> {
    await eventually(() => !one.isConnected && !other.isConnected)
  }

  it('fails no call of a steady load on two instances, through two kills, and leaves no stale value', async () => {
    const truth = new Truth()
    const load = new SteadyLoad([one, other], truth)
    try {
      await load.goesOn()
      for (let round = 0; round < 2; round++) {
        await server.kill()
        await cutOff()
        await load.goesOn()
        await server.start()
        await ready()
        await load.goesOn()
      }
    } finally {
      await load.end()
    }
    expect(load.failures).to.deep.equal([])
    expect(load.staleReads).to.deep.equal([])
    expect(load.stood).to.include.all.keys('redis', 'memory')

    await ready()
    for (const key of truth.keys) {
      for (const cache of [one, other])
        expect(await cache.get(key), key).to.be.oneOf([undefined, truth.of(key)])
    }
  })

  it('undoes no delete and no invalidation that was made meanwhile, on any instance', async () => {
    for (const key of ['kept', 'deleted', 'written']) await one.set(key, 'old')
    await one.set('tagged', 'old', '1h', { tags: ['school'] })
    await other.getOrSet('tagged by the other', () => 'old', '1h', { tags: ['people'] })

    await server.kill()
    await cutOff()
    const changes = [
      one.delete('deleted'),
      one.invalidateTags('school'),
      one.set('written', 'new'),
      other.invalidateTags('people'),
    ]
    expect(await Promise.all(changes)).to.deep.equal(['memory', 'memory', 'memory', 'memory'])
    expect(await one.get('deleted')).to.equal(undefined)
    expect(await one.get('written')).to.equal('new')

    await server.start()
    await ready()
    for (const cache of [one, other]) {
      expect(await cache.get('kept')).to.equal('old')
      for (const key of ['deleted', 'tagged', 'tagged by the other']) {
        expect(await cache.get(key), key).to.equal(undefined)
      }
      expect(await cache.get('written')).not.to.equal('old')
    }
  })

  it('undoes no clear that was made meanwhile, and clears nothing of others', async () => {
    const school = pool.open({ redis: server.url, namespace: 'school' })
    await eventually(() => school.isConnected)
    for (const cache of [one, school]) await cache.set('user', 'old')

    await server.kill()
    await cutOff()
    await eventually(() => !school.isConnected)
    expect(await one.clear()).to.equal('memory')

    await server.start()
    await ready()
    await eventually(() => school.isConnected)
    expect(await one.get('user')).to.equal(undefined)
    expect(await other.get('user')).to.equal(undefined)
    expect(await school.get('user')).to.equal('old')
  })

  it('undoes none of more changes than are noted one by one', async () => {
    await one.set('first', 'old')
    await one.set('last', 'old')
    await server.kill()
    await cutOff()
    await one.delete('first')
    for (let index = 0; index < 10_000; index++) await one.delete(`other:${String(index)}`)
    await one.delete('last')
    await server.start()
    await ready()
    for (const cache of [one, other]) {
      expect(await cache.get('first')).to.equal(undefined)
      expect(await cache.get('last')).to.equal(undefined)
    }
  })

  it('is served with nothing that memory held in the one before', async () => {
    await server.kill()
    await cutOff()
    await one.set('user', 'of the first outage')
    await server.start()
    await ready()
    await other.set('user', 'of the time between')
    await server.kill()
    await cutOff()
    expect(await one.get('user')).to.equal(undefined)
  })

  it('stores nothing that was being loaded when it began, or ended, and was invalidated meanwhile', async () => {
    const loads = [gate(), gate()]
    const [before, during] = loads
    const early = one.getOrSet('early', () => before?.passed ?? 'none', '1h', { tags: ['school'] })
    await eventually(async () => (await one.getStats()).loads === 1)
    await server.kill()
    await cutOff()
    const late = one.getOrSet('late', () => during?.passed ?? 'none', '1h', { tags: ['school'] })
    await eventually(async () => (await one.getStats()).loads === 2)
    await one.invalidateTags('school')
    await server.start()
    await ready()
    for (const load of loads) load.pass('old')
    expect(await Promise.all([early, late])).to.deep.equal(['old', 'old'])
    for (const cache of [one, other]) {
      for (const key of ['early', 'late']) expect(await cache.get(key), key).to.equal(undefined)
    }
  })

  it('of a second, frozen and not gone, holds nobody up and undoes nothing', async () => {
    await one.set('deleted', 'old')
    await one.set('tagged', 'old', '1h', { tags: ['school'] })
    const truth = new Truth()
    const load = new SteadyLoad([one, other], truth)
    try {
      await load.goesOn()
      const frozenAt = performance.now()
      await server.stop()
      await one.delete('deleted')
      await one.invalidateTags('school')
      await cutOff()
      await load.goesOn()
      await eventually(() => performance.now() - frozenAt >= FREEZE_MS)
      await server.continue()
      await ready()
      await load.goesOn()
    } finally {
      await load.end()
    }
    expect(load.failures).to.deep.equal([])
    expect(load.staleReads).to.deep.equal([])
    expect(load.longestMs).to.be.lessThan(FAR_BEYOND_THE_BUDGET_MS)

    await ready()
    for (const cache of [one, other]) {
      for (const key of ['deleted', 'tagged']) expect(await cache.get(key), key).to.equal(undefined)
      for (const key of truth.keys) expect(await cache.get(key), key).to.be.oneOf([undefined, truth.of(key)])
    }
  })

  it('is over in time although something changes in every turn of the event loop', async () => {
    let isOver = false
    const write = async () => {
      while (!isOver) {
        await one.delete('user')
        await turn()
      }
    }
    await server.kill()
    await cutOff()
    const writers = [1, 2, 3, 4].map(write)
    try {
      await server.start()
      await eventually(() => one.isConnected)
    } finally {
      isOver = true
      await Promise.all(writers)
    }
  })

  it('of an absent Redis at the start is over when Redis appears', async () => {
    const absent = await RedisServer.reserve()
    const cache = pool.open({ redis: absent.url })
    const states: ClientState[] = []
    cache.on('state', ({ to }) => states.push(to))
    expect(await cache.set('user', 'Ada')).to.equal('memory')
    expect(await cache.get('user')).to.equal('Ada')
    await eventually(() => cache.state === 'degraded')
    expect(await cache.getOrSet('role', () => 'admin')).to.equal('admin')
    expect(await cache.delete('user')).to.equal('memory')

    await absent.start()
    await eventually(() => cache.isConnected)
    expect(states[0]).to.equal('degraded')
    expect(await cache.set('user', 'Grace')).to.equal('redis')
    expect(await absent.command('EXISTS', 'user')).to.equal('1')
    await absent.close()
  })

  it('is nothing that the start of a process waits for, even if Redis takes the connection and is silent', async () => {
    await server.stop()
    const cache = pool.open({ redis: server.url })
    expect(cache.state).to.equal('connecting')
    expect(await cache.get('user')).to.equal(undefined)
    expect(await cache.set('user', 'Ada')).to.equal('memory')
    expect(await cache.getOrSet('user', () => 'loaded')).to.equal('Ada')
    expect(await cache.invalidateTags('school')).to.equal('memory')
    expect(await cache.delete('user')).to.equal('memory')
    expect(await cache.clear()).to.equal('memory')
    expect(cache.state).to.equal('connecting')

    await server.continue()
    await eventually(() => cache.isConnected)
    expect(await cache.set('user', 'Ada')).to.equal('redis')
  })

  it('does not bring back what was deleted before the first connection', async () => {
    await one.set('user', 'old')
    await one.set('role', 'old', '1h', { tags: ['school'] })
    await server.stop()
    const late = pool.open({ redis: server.url })
    expect(await late.delete('user')).to.equal('memory')
    expect(await late.invalidateTags('school')).to.equal('memory')
    await server.continue()
    await eventually(() => late.isConnected)
    await ready()
    for (const cache of [late, one, other]) {
      expect(await cache.get('user')).to.equal(undefined)
      expect(await cache.get('role')).to.equal(undefined)
    }
  })
})

/** The values as the database has them: a version for each key, which only its one writer advances. */
class Truth {
  readonly #versions = new Map<string, number>()

  get keys(): string[] {
    return [...this.#versions.keys()]
  }

  of(key: string): number {
    return this.#versions.get(key) ?? 0
  }

  advance(key: string): number {
    const version = this.of(key) + 1
    this.#versions.set(key, version)
    return version
  }
}

/**
 * Writers on each instance that go round: load, read, change, and read what became of it. Each has keys of its
 * own, which only the instance it works on changes, so that it knows what it must not read any more.
 */
class SteadyLoad {
  readonly failures: unknown[] = []
  readonly staleReads: string[] = []
  readonly stood = new Set<Stored>()
  longestMs = 0
  readonly #truth: Truth
  readonly #rounds: number[] = []
  readonly #writers: Promise<void>[]
  #isOver = false

  constructor(instances: readonly Cache[], truth: Truth) {
    this.#truth = truth
    this.#writers = instances.flatMap((cache, index) => {
      const others = instances.filter((instance) => instance !== cache)
      return ['a', 'b', 'c'].map((name) => this.#write(cache, others, `${String(index)}${name}`))
    })
  }

  /** Resolves when every writer has gone round five times more. */
  async goesOn(): Promise<void> {
    const before = [...this.#rounds]
    const hasGoneOn = (rounds: number, writer: number) => rounds >= (before[writer] ?? 0) + 5
    await eventually(() => this.#rounds.every(hasGoneOn), { withinMs: 20_000 })
  }

  async end(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#writers)
  }

  async #write(cache: Cache, others: readonly Cache[], name: string): Promise<void> {
    const [loaded, tagged, written] = [`loaded:${name}`, `tagged:${name}`, `written:${name}`]
    const writer = this.#rounds.push(0) - 1
    while (!this.#isOver) {
      for (const key of [loaded, tagged, written]) this.#truth.advance(key)
      this.#stands(await this.#call(() => cache.delete(loaded)))
      this.#stands(await this.#call(() => cache.invalidateTags(`tag:${name}`)))
      this.#stands(await this.#call(() => cache.set(written, this.#truth.of(written), '1m')))

      for (let read = 0; read < 3; read++) {
        await this.#reads(loaded, () => cache.getOrSet(loaded, () => this.#load(loaded), '1m'))
        const tags = [`tag:${name}`]
        await this.#reads(tagged, () => cache.getOrSet(tagged, () => this.#load(tagged), '1m', { tags }))
        await this.#reads(written, () => cache.get<number>(written))
        // What another instance reads meanwhile may be older: it has not heard yet. It must not fail.
        for (const instance of others) await this.#call(() => instance.get(tagged))
      }
      this.#rounds[writer] = (this.#rounds[writer] ?? 0) + 1
      await pause(1)
    }
  }

  async #load(key: string): Promise<number> {
    const version = this.#truth.of(key)
    await turn()
    return version
  }

  /** The one who changes a key never reads what was there before. */
  async #reads(key: string, read: () => Promise<number | undefined>): Promise<void> {
    const found = await this.#call(read)
    const version = this.#truth.of(key)
    if (found !== undefined && found !== version)
      this.staleReads.push(`${key}: ${String(found)} instead of ${String(version)}`)
  }

  #stands(stored: Stored | undefined): void {
    if (stored !== undefined) this.stood.add(stored)
  }

  async #call<Result>(call: () => Promise<Result>): Promise<Result | undefined> {
    const begun = performance.now()
    try {
      return await call()
    } catch (error) {
      this.failures.push(error)
      return undefined
    } finally {
      this.longestMs = Math.max(this.longestMs, performance.now() - begun)
    }
  }
}

/** Something to wait for until the test lets it pass. */
function gate(): { passed: Promise<string>; pass: (value: string) => void } {
  let pass: (value: string) => void = () => undefined
  const passed = new Promise<string>((resolve) => {
    pass = resolve
  })
  return { passed, pass }
}
