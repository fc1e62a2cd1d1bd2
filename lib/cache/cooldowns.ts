const COOLDOWN_MS = 1000
const MOST_KEYS = 1000

/** Keys whose load has failed just now, while an older value stands in: it is not tried again with each call. */
export class Cooldowns {
  readonly #now: () => number
  /** The one that ends first comes first. */
  readonly #until = new Map<string, number>()

  /** Takes a monotonic time in milliseconds. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Begins one: it lasts for a second. Of more than a thousand the first ones are forgotten. */
  begin(key: string): void {
    this.#until.delete(key)
    this.#until.set(key, this.#now() + COOLDOWN_MS)
    for (const [first, until] of this.#until) {
      if (until > this.#now() && this.#until.size <= MOST_KEYS) return
      this.#until.delete(first)
    }
  }

  /** Whether a key is to be left alone. */
  has(key: string): boolean {
    const until = this.#until.get(key)
    return until !== undefined && until > this.#now()
  }
}
