import { setTimeout as sleep } from 'node:timers/promises'
import { CHANGES } from './changed-keys'
import type { Fault, Scene } from './faults'
import { InstanceProcess } from './instance-process'
import type { Order, Phase, Report } from './protocol'
import { STAGGER_MS } from './steady-load'

const SETTLE_MS = STAGGER_MS + 500
const HEALTHY_MS = 2500
const EARLY_CHANGES_MS = 400
const AFTERWARDS_MS = 3000
const MOST_RECOVERY_MS = 8000
const POLL_INTERVAL_MS = 10
const REST_MS = 500
const SEED_ATTEMPTS = 50
const SEED_INTERVAL_MS = 100

/** What one contender did under one fault. */
export interface TrialResult {
  /** Of the instance under load; none of one that is gone without a word. */
  readonly first: Report | undefined
  /** Of the one beside it. */
  readonly second: Report | undefined
  /** How long after the fault was over a write made then was in Redis; none within 8 s. */
  readonly recoveredInMs: number | undefined
  /** What the processes that ended left behind. */
  readonly crashes: readonly string[]
}

/** One contender under one fault: two instances over one Redis, the first of them under load. */
export class Trial {
  readonly #fault: Fault
  readonly #scene: Scene
  readonly #first: InstanceProcess
  readonly #second: InstanceProcess

  private constructor(fault: Fault, scene: Scene, [first, second]: [InstanceProcess, InstanceProcess]) {
    this.#fault = fault
    this.#scene = scene
    this.#first = first
    this.#second = second
  }

  /** Starts what it takes, up to the moment when measuring can begin. */
  static async prepare(contender: string, fault: Fault): Promise<Trial> {
    const scene = await fault.stage()
    const [first, second] = await Promise.all([
      InstanceProcess.start(contender, scene.firstPort),
      InstanceProcess.start(contender, scene.secondPort),
    ])
    const trial = new Trial(fault, scene, [first, second])
    if (fault.isThereFirst === true) await seedBeforehand(contender, scene)
    else await trial.#open()
    return trial
  }

  async measure(): Promise<TrialResult> {
    const recoveredInMs = await (this.#fault.isThereFirst === true
      ? this.#measureStart()
      : this.#measureOutage())
    await this.#phase('end')
    await this.#both({ name: 'rest' })
    await sleep(REST_MS)
    const [first, second] = await Promise.all([this.#first.report(), this.#second.report()])
    const crashes = [first.crash, second.crash].filter((crash) => crash !== undefined)
    return { first: first.report, second: second.report, recoveredInMs, crashes }
  }

  async close(): Promise<void> {
    await Promise.all([this.#first.kill(), this.#second.kill()])
    await this.#scene.close()
  }

  async #open(): Promise<void> {
    await this.#both({ name: 'open' })
    await seed(this.#first, this.#scene)
    // Both have read them, and have them in memory if they keep such a thing.
    await untilAll(() => this.#first.ask({ name: 'check' }))
    await untilAll(() => this.#second.ask({ name: 'check' }))
  }

  async #measureOutage(): Promise<number | undefined> {
    await this.#first.ask({ name: 'load' })
    await this.#both({ name: 'watch' })
    await sleep(SETTLE_MS)
    await this.#phase('healthy')
    await sleep(HEALTHY_MS)
    await this.#scene.prepare?.()
    const early = this.#fault.hasEarlyChanges === true ? CHANGES / 2 : 0
    if (early > 0) await this.#change({ from: 0, to: early, overMs: EARLY_CHANGES_MS })
    await this.#phase('outage')
    await this.#scene.begin()
    return this.#sitOut(early)
  }

  /** The healthy rate of one that starts in an outage is measured afterwards. */
  async #measureStart(): Promise<number | undefined> {
    await this.#phase('outage')
    // Whether they ever open is part of what is measured.
    const opening = this.#both({ name: 'open' })
    void this.#first.ask({ name: 'load' })
    void opening.then(() => this.#both({ name: 'watch' }))
    const recoveredInMs = await this.#sitOut(0)
    await this.#phase('healthy')
    await sleep(HEALTHY_MS)
    return recoveredInMs
  }

  async #sitOut(changed: number): Promise<number | undefined> {
    await this.#change({ from: changed, to: CHANGES, overMs: this.#fault.durationMs })
    await this.#scene.end()
    const overAt = performance.now()
    await this.#phase('over')
    void this.#first.ask({ name: 'probe' })
    const recoveredInMs = await this.#recovery(overAt)
    await this.#first.ask({ name: 'stop probing' })
    await sleep(Math.max(0, overAt + AFTERWARDS_MS - performance.now()))
    await this.#both({ name: 'check' })
    return recoveredInMs
  }

  /** Takes the time until a write that was made after the fault is in Redis. */
  async #recovery(overAt: number): Promise<number | undefined> {
    for (;;) {
      const passedMs = performance.now() - overAt
      // Asked directly: what the contender says of itself does not count.
      const found = await this.#scene.server.command('KEYS', '*probe:*')
      if (found !== '') return passedMs
      if (passedMs > MOST_RECOVERY_MS) return undefined
      await sleep(POLL_INTERVAL_MS)
    }
  }

  /** Has keys changed, by either instance in turn, over a time. */
  async #change({ from, to, overMs }: { from: number; to: number; overMs: number }): Promise<void> {
    const startedAt = performance.now()
    const intervalMs = overMs / (to - from)
    for (let index = from; index < to; index += 1) {
      await sleep(Math.max(0, startedAt + (index - from + 0.5) * intervalMs - performance.now()))
      const isFirst = index % 2 === 0
      const [one, other] = isFirst ? [this.#first, this.#second] : [this.#second, this.#first]
      const isChanged = await one.ask({ name: 'change', index })
      if (isChanged === true) void other.ask({ name: 'expect', index })
    }
    await sleep(Math.max(0, startedAt + overMs - performance.now()))
  }

  async #phase(phase: Phase): Promise<void> {
    await this.#both({ name: 'mark', phase })
  }

  async #both(order: Order): Promise<void> {
    await Promise.all([this.#first.ask(order), this.#second.ask(order)])
  }
}

/** The data set that is there when Redis comes: written by an instance that is gone. */
async function seedBeforehand(contender: string, scene: Scene): Promise<void> {
  const writer = await InstanceProcess.start(contender, scene.firstPort)
  await writer.ask({ name: 'open' })
  await seed(writer, scene)
  await writer.kill()
  await scene.begin()
}

/** Has the keys written until Redis has them: a contender may be open before it is connected, and keep that to itself. */
async function seed(writer: InstanceProcess, { server }: Scene): Promise<void> {
  await untilAll(async () => {
    await writer.ask({ name: 'seed' })
    const written = await Promise.all(
      ['*deleted:*', '*replaced:*'].map((keys) => server.command('KEYS', keys)),
    )
    return written.join('\n').split('\n').length
  })
}

/** Tries again until it is said of all the keys that will be changed. */
async function untilAll(count: () => Promise<unknown>): Promise<void> {
  for (let attempt = 0; attempt < SEED_ATTEMPTS; attempt += 1) {
    if ((await count()) === 2 * CHANGES) return
    await sleep(SEED_INTERVAL_MS)
  }
  throw new Error('A contender does not get its values into Redis, or not back from there')
}
