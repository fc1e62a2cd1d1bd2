const FEWEST = 32
const MOST = 1000
const STEP = 32
/** So long may a part be worked on: reading its bytes and collecting garbage come on top. */
const LONGEST_MS = 3

/**
 * How many entries of a log are read at a time: as many as are worked on without holding up the event loop. Few at
 * first, for code that has hardly run yet is slow; some more whenever they take little time, half when too much.
 */
export class PartSize {
  #count = FEWEST

  /** So many, from 32 to 1,000. */
  get count(): number {
    return this.#count
  }

  /** Learns how long a part of that size was worked on, in milliseconds. */
  took(ms: number): void {
    if (ms > LONGEST_MS) this.#count = Math.max(FEWEST, Math.floor(this.#count / 2))
    else if (ms < LONGEST_MS / 3) this.#count = Math.min(MOST, this.#count + STEP)
  }
}
