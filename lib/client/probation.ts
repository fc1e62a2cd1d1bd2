/** So many hiccups within so long are none any more. */
const MOST_HICCUPS = 5
const WITHIN_MS = 4000
/** What it takes to be used again: so many answers in a row, one each tenth of a second. */
const ANSWERS = 6
const APART_MS = 100

/**
 * Tells a hiccup from a Redis that is slow, or stalls, again and again. Such a one costs more than one that is dead:
 * whenever another store serves, it begins with nothing, and what was being loaded is not stored.
 */
export class Probation {
  /** When the last ones were. */
  #hiccups: number[] = []
  #isOn = false

  /** Notes a hiccup. @returns whether that was one too many. */
  note(): boolean {
    const now = performance.now()
    this.#hiccups = [...this.#hiccups.filter((time) => now - time < WITHIN_MS), now]
    this.#isOn ||= this.#hiccups.length >= MOST_HICCUPS
    return this.#isOn
  }

  /** Resolves at once where it isn't on, else when there was one answer after the other; rejects as one of them does. */
  async pass(answer: () => Promise<void>): Promise<void> {
    if (!this.#isOn) return
    for (let given = 0; given < ANSWERS; given++) {
      if (given > 0) await lasting(APART_MS)
      await answer()
    }
    this.#isOn = false
    // The next one is one too many again, for as long as the last ones counted.
    this.#hiccups = new Array<number>(MOST_HICCUPS - 1).fill(performance.now())
  }
}

function lasting(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref()
  })
}
