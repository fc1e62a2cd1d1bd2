import fc from 'fast-check'
import { clientContract } from 'holdfast/testing'
import sinon from 'sinon'
import { failOnUnhandledRejections } from '../../support/unhandled-rejections'
import { anInstance, anOperation } from './arbitraries'
import type { Operation } from './history'
import type { Fault, Stage } from './instances'
import { Instances } from './instances'
import type { Snapshot } from './shared-store'
import { SharedStore } from './shared-store'

/** Set these to try others: `SEED=7 RUNS=5000`. A failure says which seed it was. */
const SEED = Number(process.env['SEED'] ?? 20_260_917)
const RUNS = Number(process.env['RUNS'] ?? 500)

const LIMITS = { waitMs: 150, loadMs: 300, maxAgeMs: 1000 }
const LOADER_MS = [0, 30] as const

type Happening =
  | { readonly on: number; readonly operation: Operation; readonly loaderMs: number }
  | { readonly on: number; readonly fault: Fault }
  | { readonly store: Loss; readonly stepsBack: number }

/** How the store loses what it had acknowledged: with all connections, or behind them; or all of it. */
type Loss = 'restarts with older data' | 'slips back' | 'is flushed'

interface Step {
  readonly happening: Happening
  /** How much time passes before the next one. */
  readonly thenMs: number
}

const { setImmediate: nextTurn } = globalThis

describe('Two instances over one store, whatever happens to them', function () {
  this.timeout(600_000)
  failOnUnhandledRejections()

  it('keep what CONSISTENCY.md promises', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step(), { minLength: 1, maxLength: 40, size: 'max' }),
        fc.nat(),
        latency(),
        run,
      ),
      { seed: SEED, numRuns: RUNS, endOnFailure: process.env['SHRINK'] === 'no' },
    )
  })
})

describe('The store that plays Redis to them', () => {
  const store = new SharedStore()

  for (const { title, run: put } of clientContract) {
    it(title, () => put(store, (name) => `${title}:${name}`))
  }
})

async function run(steps: readonly Step[], chance: number, latencyMs: number): Promise<void> {
  const stage = new VirtualStage(chance)
  try {
    const instances = new Instances(stage, LIMITS, latencyMs)
    for (const { happening, thenMs } of steps) {
      stage.save()
      stage.let(happening, instances)
      await stage.pass(thenMs)
    }
    await instances.end()
  } finally {
    stage.end()
  }
}

/** A stage whose time goes by as a test has it, so that every run can be repeated. */
class VirtualStage implements Stage {
  readonly #store = new SharedStore()
  readonly #clock = sinon.useFakeTimers({
    now: 1_750_000_000_000,
    toFake: [
      'setTimeout',
      'clearTimeout',
      'setInterval',
      'clearInterval',
      'setImmediate',
      'clearImmediate',
      'Date',
      'performance',
    ],
  })
  readonly #saved: { readonly at: number; readonly snapshot: Snapshot }[] = []

  constructor(chance: number) {
    let state = chance
    sinon.stub(Math, 'random').callsFake(() => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return state / 2 ** 32
    })
  }

  now(): number {
    return performance.now()
  }

  connection(): SharedStore {
    return this.#store
  }

  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0;) {
      const step = Math.min(left, 5)
      this.#clock.tick(step)
      await turn()
      left -= step
    }
    await turn()
  }

  async until(condition: () => boolean): Promise<void> {
    const giveUp = this.now() + 20_000
    while (!condition()) {
      if (this.now() > giveUp) throw new Error(`Still not so after 20 s: ${condition.toString()}`)
      await this.pass(5)
    }
  }

  /** Remembers what the store holds, for a loss to come. */
  save(): void {
    this.#saved.unshift({ at: this.now(), snapshot: this.#store.snapshot() })
  }

  let(happening: Happening, instances: Instances): void {
    if ('operation' in happening) instances.do(happening.on, happening.operation, happening.loaderMs)
    else if ('fault' in happening) instances.suffer(happening.on, happening.fault)
    else this.#lose(happening, instances)
  }

  end(): void {
    sinon.restore()
  }

  #lose({ store, stepsBack }: { store: Loss; stepsBack: number }, instances: Instances): void {
    const isNoticed = store === 'restarts with older data'
    // Behind standing connections, less than a beat is not noticed.
    const latest = isNoticed ? Infinity : this.now() - 1000
    const older = this.#saved.slice(stepsBack).find(({ at }) => at < latest)
    this.#store.rollBack((store === 'is flushed' ? undefined : older?.snapshot) ?? new Map())
    instances.history.lose(`the store ${store} (${String(stepsBack)} steps)`, isNoticed)
    if (isNoticed) instances.drop()
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => nextTurn(resolve))
}

function step(): fc.Arbitrary<Step> {
  return fc.record({
    happening: fc.oneof(
      {
        weight: 16,
        arbitrary: fc.record({
          on: anInstance(),
          operation: anOperation(),
          loaderMs: fc.constantFrom(...LOADER_MS),
        }),
      },
      { weight: 4, arbitrary: fc.record({ on: anInstance(), fault: fault() }) },
      { weight: 2, arbitrary: fc.record({ store: loss(), stepsBack: fc.integer({ min: 1, max: 12 }) }) },
    ),
    thenMs: fc.oneof(
      { weight: 5, arbitrary: fc.constant(0) },
      { weight: 3, arbitrary: fc.integer({ min: 1, max: 30 }) },
      { weight: 2, arbitrary: fc.integer({ min: 31, max: 300 }) },
      { weight: 1, arbitrary: fc.integer({ min: 301, max: 1500 }) },
    ),
  })
}

function fault(): fc.Arbitrary<Fault> {
  const faults: Fault[] = [
    'down',
    'frozen',
    'mute',
    'deaf',
    'slow',
    'late',
    'dropped',
    'flapping',
    'full',
    'full',
  ]
  return fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom(...faults) },
    { weight: 1, arbitrary: fc.constant('healed') },
  )
}

function latency(): fc.Arbitrary<number> {
  return fc.constantFrom(0, 5, 15)
}

function loss(): fc.Arbitrary<Loss> {
  return fc.constantFrom<Loss>(
    'restarts with older data',
    'restarts with older data',
    'slips back',
    'is flushed',
  )
}
