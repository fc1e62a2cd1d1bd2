import { OwnDelay } from './own-delay'

/** A call that took longer than it may. */
export interface SlowCall {
  kind: string
  ms: number
  state: string
}

/** What became of all calls. */
export interface CallReport {
  /** How many have ended. */
  ended: number
  /** How many have begun and not ended. */
  pending: number
  rejections: string[]
  /** How many have waited about as long as a command may. */
  waited: number
  /** Some of those that have waited longer than a command may. */
  late: SlowCall[]
  /** How often that was: those who wait at the time a machine stumbles are late together. */
  lateSpells: number
  longestMs: number
  p99Ms: number
  /** How many writes stand where. */
  stood: Record<string, number>
  /** What a call resolved to that is neither. */
  unknownOutcomes: string[]
}

const WAITED_MS = 60
const COMMAND_TIMEOUT_MS = 100
/** For what isn't waiting: the loader, the event loop, a machine that is busy. */
const LEEWAY_MS = 50
const SPELL_MS = 150
const MOST_EXAMPLES = 20

/** Measures every call, less the time for which the process itself was held up. */
export class CallLog {
  readonly #ownDelay = new OwnDelay()
  readonly #state: () => string
  readonly #durations: number[] = []
  #report: CallReport = emptyReport()
  #spellEnds = -Infinity

  constructor(state: () => string) {
    this.#state = state
  }

  /** How many calls have ended. */
  get ended(): number {
    return this.#report.ended
  }

  /** Ends the measuring. */
  close(): void {
    this.#ownDelay.close()
  }

  /**
   * Makes a call. Never rejects: that is noted.
   *
   * @param turns - how often it asks the cache, one after the other: each of them may wait for as long as a command
   */
  async run<Result>(kind: string, call: () => Promise<Result>, turns = 1): Promise<Result | undefined> {
    const begun = performance.now()
    const delayBefore = this.#ownDelay.total
    this.#report.pending += 1
    try {
      return await call()
    } catch (error) {
      if (this.#report.rejections.length < MOST_EXAMPLES) {
        this.#report.rejections.push(`${kind} in state ${this.#state()}: ${String(error)}`)
      }
      return undefined
    } finally {
      const ms = performance.now() - begun - (this.#ownDelay.total - delayBefore)
      this.#ended(ms)
      if (ms > turns * COMMAND_TIMEOUT_MS + LEEWAY_MS) {
        this.#noteLate({ kind, ms: Math.round(ms), state: this.#state() })
      }
    }
  }

  /** Makes a call that changes something, and notes where that stands. */
  async change(kind: string, call: () => Promise<string>): Promise<string | undefined> {
    const stored = await this.run(kind, call)
    if (stored === undefined) return undefined
    this.#report.stood[stored] = (this.#report.stood[stored] ?? 0) + 1
    if (!['redis', 'memory', 'none'].includes(stored)) this.#report.unknownOutcomes.push(`${kind}: ${stored}`)
    return stored
  }

  /** What became of them so far. */
  read(): CallReport {
    const sorted = [...this.#durations].sort((a, b) => a - b)
    return {
      ...this.#report,
      longestMs: sorted.at(-1) ?? 0,
      p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
    }
  }

  #ended(ms: number): void {
    this.#report.ended += 1
    this.#report.pending -= 1
    this.#durations.push(ms)
    if (ms > WAITED_MS) this.#report.waited += 1
  }

  #noteLate(call: SlowCall): void {
    const now = performance.now()
    if (now > this.#spellEnds) {
      this.#report.lateSpells += 1
      this.#spellEnds = now + SPELL_MS
    }
    if (this.#report.late.length < MOST_EXAMPLES) this.#report.late.push(call)
  }
}

function emptyReport(): CallReport {
  return {
    ended: 0,
    pending: 0,
    rejections: [],
    waited: 0,
    late: [],
    lateSpells: 0,
    longestMs: 0,
    p99Ms: 0,
    stood: {},
    unknownOutcomes: [],
  }
}
