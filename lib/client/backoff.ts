const FIRST_DELAY_MS = 50
const LONGEST_DELAY_MS = 400

/** When to try again: soon, then less and less often, and never in step with other processes. */
export class Backoff {
  #attempts = 0
  #timer: NodeJS.Timeout | undefined

  /** Tries again after a while, in the place of what was to be tried before. Doesn't keep the process alive. */
  schedule(attempt: () => void): void {
    const delay = Math.min(FIRST_DELAY_MS * 2 ** this.#attempts, LONGEST_DELAY_MS)
    this.#attempts += 1
    this.cancel()
    this.#timer = setTimeout(attempt, delay * (0.5 + Math.random() / 2)).unref()
  }

  /** Begins anew: the next delay is the shortest. */
  reset(): void {
    this.#attempts = 0
  }

  /** Tries no more. */
  cancel(): void {
    clearTimeout(this.#timer)
  }
}
