const MOST_STAMPS = 10_000

/**
 * Until when stamps are known to be there, as far as this process has made sure of them: what is stored while they are
 * need not ask again. A stamp that is lost all the same makes values void, no more, and is made anew with the next.
 */
export class Grounding {
  readonly #now: () => number
  readonly #until = new Map<string, number>()
  #era = -1

  /** Takes a monotonic time in milliseconds. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Notes that these stamps were made sure of in a store, for this long. */
  note(era: number, stamps: readonly string[], lifeMs: number): void {
    if (era !== this.#era || this.#until.size + stamps.length > MOST_STAMPS) this.#until.clear()
    this.#era = era
    for (const stamp of stamps) this.#until.set(stamp, this.#now() + lifeMs)
  }

  /** Whether all of these are known to be there for this long. */
  covers(era: number, stamps: readonly string[], lifeMs: number): boolean {
    if (era !== this.#era) return false
    const end = this.#now() + lifeMs
    return stamps.every((stamp) => (this.#until.get(stamp) ?? -Infinity) >= end)
  }

  /** Forgets all. */
  clear(): void {
    this.#until.clear()
  }
}
