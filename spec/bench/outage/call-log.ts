import { setTimeout as sleep } from 'node:timers/promises'
import type { Loads, Phase, Report } from './protocol'

interface Call {
  readonly isSteady: boolean
  readonly startedAt: number
  endedAt?: number
  rejection?: string
}

interface Span {
  readonly from: number
  readonly to: number
}

const LOADER_MS = 5
// Time since the process began.
const NEVER: Span = { from: Infinity, to: Infinity }

type Sums = Omit<Report, 'openedInMs' | 'unhandledRejections' | 'changes' | 'crash'>

/** Takes the time of every call and load of an instance, and sums them up by phase. */
export class CallLog {
  readonly #marks: { phase: Phase; at: number }[] = []
  readonly #calls: Call[] = []
  readonly #loads: number[] = []
  readonly #underWay = new Map<string, number>()
  #loadsAtOnce = 0
  #timerLateMs = 0

  /** Whether the fault has begun. */
  get isOutageOrLater(): boolean {
    return this.#marks.some(({ phase }) => phase === 'outage')
  }

  mark(phase: Phase): void {
    this.#marks.push({ phase, at: performance.now() })
  }

  /** When a phase began. */
  begin(phase: Phase): number | undefined {
    return this.#marks.find((mark) => mark.phase === phase)?.at
  }

  /** Does a call. Resolves with what it does, and with `undefined` where it rejects. */
  track(work: () => Promise<unknown>): Promise<unknown> {
    return this.#track(work, false)
  }

  /** The same for a call of the steady load. */
  trackSteady(work: () => Promise<unknown>): Promise<unknown> {
    return this.#track(work, true)
  }

  /** What a service asks its database. */
  async load(key: string): Promise<unknown> {
    this.#loads.push(performance.now())
    const others = this.#underWay.get(key) ?? 0
    if (others > 0 && this.isOutageOrLater) this.#loadsAtOnce += 1
    this.#underWay.set(key, others + 1)
    await sleep(LOADER_MS)
    this.#underWay.set(key, (this.#underWay.get(key) ?? 1) - 1)
    return { key, of: this.#loads.length }
  }

  /** A timer of this process was late. */
  noteLateTimer(lateMs: number): void {
    if (this.isOutageOrLater) this.#timerLateMs = Math.max(this.#timerLateMs, lateMs)
  }

  sums(): Sums {
    const now = performance.now()
    const outage = this.#span('outage', now)
    const during = this.#calls.filter((call) => call.startedAt < outage.to && endOf(call, now) > outage.from)
    const later = this.#calls.filter((call) => call.startedAt >= outage.to)
    const both = [...during, ...later]
    const wait = (call: Call): number => endOf(call, now) - call.startedAt
    return {
      waits: both.map(wait),
      steadyWaits: during.filter(({ isSteady }) => isSteady).map(wait),
      unanswered: both.filter(({ endedAt }) => endedAt === undefined).length,
      rejections: both.flatMap(({ rejection }) => rejection ?? []),
      loads: {
        healthy: this.#loadsIn('healthy', now),
        outage: this.#loadsIn('outage', now),
        over: this.#loadsIn('over', now),
      },
      loadsAtOnce: this.#loadsAtOnce,
      timerLateMs: this.#timerLateMs,
    }
  }

  async #track(work: () => Promise<unknown>, isSteady: boolean): Promise<unknown> {
    const call: Call = { isSteady, startedAt: performance.now() }
    this.#calls.push(call)
    try {
      return await work()
    } catch (error) {
      call.rejection = String(error)
      return undefined
    } finally {
      call.endedAt = performance.now()
    }
  }

  #loadsIn(phase: Phase, now: number): Loads {
    const { from, to } = this.#span(phase, now)
    const count = this.#loads.filter((at) => at >= from && at < to).length
    return { count, overMs: Number.isFinite(from) ? to - from : 0 }
  }

  #span(phase: Phase, now: number): Span {
    const index = this.#marks.findIndex((mark) => mark.phase === phase)
    const mark = this.#marks[index]
    return mark === undefined ? NEVER : { from: mark.at, to: this.#marks[index + 1]?.at ?? now }
  }
}

function endOf(call: Call, now: number): number {
  return call.endedAt ?? now
}
