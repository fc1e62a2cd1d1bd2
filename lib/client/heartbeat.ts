const BEAT_MS = 500

/** Does something twice a second, and never again before it is done. Doesn't keep the process alive. */
export class Heartbeat {
  readonly #beat: () => Promise<void>
  readonly #timer: NodeJS.Timeout
  #isBeating = false

  constructor(beat: () => Promise<void>) {
    this.#beat = beat
    this.#timer = setInterval(() => void this.#once(), BEAT_MS).unref()
  }

  /** Ends it. */
  stop(): void {
    clearInterval(this.#timer)
  }

  async #once(): Promise<void> {
    if (this.#isBeating) return
    this.#isBeating = true
    await this.#beat()
    this.#isBeating = false
  }
}
