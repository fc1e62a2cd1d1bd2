const FIRST_WINDOW = 64
const LAST_WINDOW = 1024
const LONGEST_MS = 1000

/**
 * Lets traffic back to a store that has only just come back: so many commands at a time, and one more at a time
 * for each that is answered, which makes it all of them within a handful of round trips. Nobody queues, so that
 * nothing is sent later than it was asked for: whoever finds no room is turned away.
 */
export class Ramp {
  readonly #begun = performance.now()
  #window = FIRST_WINDOW
  #underWay = 0

  /** Whether there is room for everybody. */
  get isOver(): boolean {
    return this.#window >= LAST_WINDOW || performance.now() - this.#begun > LONGEST_MS
  }

  /** Takes a place. @returns `false` where there is none. */
  enter(): boolean {
    if (this.#underWay >= this.#window) return false
    this.#underWay += 1
    return true
  }

  /** Gives the place back; one that was answered makes room for another. */
  leave(wasAnswered: boolean): void {
    this.#underWay -= 1
    if (wasAnswered) this.#window += 1
  }
}
