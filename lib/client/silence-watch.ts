import type { Deadline } from './deadline'

interface Parts {
  /** What waits for an answer. */
  readonly deadline: Deadline
  /** Changes whenever something is answered. */
  readonly progress: () => unknown
  /** The silence after which it is called. */
  readonly limitMs: number
  readonly onSilence: () => void
}

const TICK_MS = 10
const USUAL_ROUND_TRIPS = 4

/**
 * Notices that nothing is answered any more, well before anybody's budget is used up: those who come then need
 * not wait at all. Costs a look every 10 ms while something is waited for.
 */
export class SilenceWatch {
  readonly #parts: Parts
  #timer: NodeJS.Timeout | undefined
  #silentMs = 0
  #progress: unknown
  #usualMs = 0

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Something has been sent. */
  begin(): void {
    if (this.#timer !== undefined) return
    this.#silentMs = 0
    this.#progress = this.#parts.progress()
    this.#timer = setInterval(() => {
      this.#tick()
    }, TICK_MS).unref()
  }

  /** Nothing is waited for any more. */
  end(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** An answer has taken so long: who is far away is not silent. */
  learn(roundTripMs: number): void {
    this.#usualMs = this.#usualMs === 0 ? roundTripMs : 0.8 * this.#usualMs + 0.2 * roundTripMs
  }

  #tick(): void {
    const { deadline, progress, limitMs, onSilence } = this.#parts
    const seen = progress()
    // However late a tick is: while the application holds the event loop nothing can be heard.
    this.#silentMs = seen === this.#progress ? this.#silentMs + TICK_MS : 0
    this.#progress = seen
    const isBusy = deadline.isBusy()
    const isSilent = isBusy && this.#silentMs >= Math.max(limitMs, USUAL_ROUND_TRIPS * this.#usualMs)
    if (isBusy && !isSilent) return
    this.end()
    if (isSilent) onSilence()
  }
}
