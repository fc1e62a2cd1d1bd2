const TICK_MS = 5

/** For how long this process was held up, by itself or by a busy machine: that is nobody else's doing. */
export class OwnDelay {
  readonly #timer: NodeJS.Timeout
  #lastTick = performance.now()
  #total = 0

  constructor() {
    this.#timer = setInterval(() => {
      this.#total = this.total
      this.#lastTick = performance.now()
    }, TICK_MS)
  }

  /** In milliseconds, since the beginning. */
  get total(): number {
    return this.#total + Math.max(0, performance.now() - this.#lastTick - TICK_MS)
  }

  /** Ends it. */
  close(): void {
    clearInterval(this.#timer)
  }
}
