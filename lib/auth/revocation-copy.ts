import type { Clock } from '../clock'

/** A revocation: what it is filed under, what it says, and until when it matters (Unix seconds). */
export interface Revocation {
  readonly id: string
  /** The greater wins: until when a token is refused, or before when tokens of a subject are. */
  readonly value: number
  readonly until: number
}

interface Kept {
  value: number
  until: number
  isDirty: boolean
  /** When Redis was known to have it. */
  settledAt: number
}

const SWEEP_INTERVAL_SECONDS = 1

/**
 * The revocations that this process knows of. It never forgets one within its lifetime: what the others are
 * to learn stays marked until Redis has acknowledged it, and everything is written again to a Redis that
 * comes back.
 */
export class RevocationCopy {
  readonly #kept = new Map<string, Kept>()
  readonly #capacity: number
  readonly #clock: Clock
  #nextSweep = 0

  constructor(capacity: number, clock: Clock) {
    this.#capacity = capacity
    this.#clock = clock
  }

  /** What is known of these ids; the dead are not. */
  find(id: string): number | undefined {
    const kept = this.#kept.get(id)
    return kept !== undefined && kept.until > this.#now() ? kept.value : undefined
  }

  /** Learns a revocation. Order and repetition don't matter. @returns `false` where there is no room for it. */
  learn({ id, value, until }: Revocation, isDirty: boolean): boolean {
    const known = this.#kept.get(id)
    if (known === undefined && this.#isFull()) return false
    this.#kept.set(id, {
      value: Math.max(value, known?.value ?? 0),
      until: Math.max(until, known?.until ?? 0),
      isDirty: isDirty || (known?.isDirty ?? false),
      settledAt: performance.now(),
    })
    return true
  }

  /** Marks one as known to Redis, unless more has been learnt of it since. */
  settle({ id, value, until }: Revocation): void {
    const kept = this.#kept.get(id)
    if (kept === undefined || kept.value > value || kept.until > until) return
    kept.isDirty = false
    kept.settledAt = performance.now()
  }

  /** Those that are alive. */
  *live(): Generator<Revocation> {
    const now = this.#now()
    for (const [id, { value, until }] of this.#kept) if (until > now) yield { id, value, until }
  }

  /** Those of them that Redis has not acknowledged, or not before this time (`performance.now()`). */
  *dirty(since = Infinity): Generator<Revocation> {
    for (const revocation of this.live()) {
      const { isDirty, settledAt } = this.#kept.get(revocation.id) ?? { isDirty: false, settledAt: -Infinity }
      if (isDirty || settledAt >= since) yield revocation
    }
  }

  /** How many those are. */
  countDirty(): number {
    return [...this.dirty()].length
  }

  #isFull(): boolean {
    if (this.#kept.size < this.#capacity) return false
    const now = this.#now()
    if (now < this.#nextSweep) return true
    this.#nextSweep = now + SWEEP_INTERVAL_SECONDS
    for (const [id, { until }] of this.#kept) if (until <= now) this.#kept.delete(id)
    return this.#kept.size >= this.#capacity
  }

  #now(): number {
    return this.#clock.now() / 1000
  }
}
