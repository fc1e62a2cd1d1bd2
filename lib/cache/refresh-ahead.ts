/** A draw of more than this comes once in 3,000: nobody need look at the clock before. */
const MOST_COSTS = 8

/**
 * When a value is made anew before its time is over (XFetch: Vattani et al., VLDB 2015): the nearer its end and the
 * longer it took to make, the likelier a reader is the one who has it made. Nobody waits then, and not all at once.
 */
export class RefreshAhead {
  /** 0 for never; 1 is the optimum of the paper, more is earlier. */
  readonly #eagerness: number

  constructor(eagerness: number) {
    this.#eagerness = eagerness
  }

  /** Whether there is any of it. */
  get isOn(): boolean {
    return this.#eagerness > 0
  }

  /** How long before its end, in milliseconds, a value that took so long may be made anew. */
  windowMs(costMs: number): number {
    return this.#eagerness * costMs * MOST_COSTS
  }

  /** Whether this reader is the one, with so many milliseconds left. */
  isDue(costMs: number, leftMs: number): boolean {
    return leftMs < this.windowMs(costMs) && -Math.log(Math.random()) * this.#eagerness * costMs >= leftMs
  }
}
