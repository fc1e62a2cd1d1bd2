import { ChangeLog } from './change-log'

interface Waiting {
  readonly tell: (isTold: boolean) => void
}

/** Those who wait for a key to change: told when it does, instead of asking again and again. */
export class Changes {
  readonly #waiting = new Map<string, Set<Waiting>>()
  readonly #log = new ChangeLog()
  #moment = 0
  /** When everybody was told last. */
  #floor = 0

  /** The present, to wait from for what comes later: an answer and what is told after it may arrive in one. */
  get now(): number {
    return this.#moment
  }

  /**
   * Waits for a change of a key, also of one that has come since then.
   *
   * @returns whether it has changed, or may have; `false` when the time is over.
   */
  within(ms: number, key: string, since: number): Promise<boolean> {
    if (since < this.#floor || this.#log.mayHaveChanged(key, since)) return Promise.resolve(true)
    return new Promise((resolve) => {
      const others = this.#waiting.get(key) ?? new Set()
      const tell = (isTold: boolean): void => {
        clearTimeout(timer)
        others.delete(waiting)
        if (others.size === 0 && this.#waiting.get(key) === others) this.#waiting.delete(key)
        resolve(isTold)
      }
      const waiting: Waiting = { tell }
      // Keeps the process alive: a caller waits.
      const timer = setTimeout(tell, ms, false)
      this.#waiting.set(key, others.add(waiting))
    })
  }

  /** Tells those who wait for this key that it has changed. */
  tell(key: string): void {
    this.#moment += 1
    this.#log.note(key, this.#moment)
    for (const { tell } of this.#waiting.get(key) ?? []) tell(true)
  }

  /** Tells everybody: anything may have changed. */
  tellAll(): void {
    this.#moment += 1
    this.#floor = this.#moment
    for (const waiting of this.#waiting.values()) for (const { tell } of waiting) tell(true)
  }
}
