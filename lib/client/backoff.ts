const FIRST_DELAY_MS = 50
const LONGEST_DELAY_MS = 400

/** How long to wait between two attempts: little at first, then more, and never in step with other processes. */
export class Backoff {
  #attempts = 0
  #longestMs = LONGEST_DELAY_MS

  /**
   * Keeps attempts from becoming a load of their own: with so many connections to a server, all of them
   * together try no more than about a thousand times a second.
   */
  shareAmong(connections: number): void {
    this.#longestMs = Math.max(LONGEST_DELAY_MS, connections)
  }

  /** The next delay, in milliseconds. */
  next(): number {
    const delay = Math.min(FIRST_DELAY_MS * 2 ** this.#attempts, this.#longestMs)
    this.#attempts += 1
    return delay * (0.5 + Math.random() / 2)
  }

  /** Begins anew: the next delay is the shortest. */
  reset(): void {
    this.#attempts = 0
  }
}
