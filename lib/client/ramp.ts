const FIRST_WINDOW = 8
const LAST_WINDOW = 1024
const LONGEST_MS = 1000

/**
 * Lets traffic back to a store that has only just come back: a few commands at a time, and one more at a time
 * for each that is answered, so that it takes a handful of round trips to be all of it. The others wait their
 * turn, within the budget that they have.
 */
export class Ramp {
  readonly #begun = performance.now()
  #window = FIRST_WINDOW
  #underWay = 0
  #waiting: (() => void)[] = []

  /** Whether nobody needs to wait any more. */
  get isOver(): boolean {
    return this.#window >= LAST_WINDOW || performance.now() - this.#begun > LONGEST_MS
  }

  /** Runs the work when it is its turn. */
  async pass<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#underWay < this.#window) this.#underWay += 1
    // Whoever lets it in counts it: it runs only a turn later.
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      const result = await work()
      this.#window += 1
      return result
    } finally {
      this.#underWay -= 1
      this.#admit()
    }
  }

  #admit(): void {
    const next = this.#waiting.splice(0, Math.max(0, this.#window - this.#underWay))
    this.#underWay += next.length
    for (const go of next) go()
  }
}
