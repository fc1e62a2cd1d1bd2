/** A small seeded generator (mulberry32): the same seed gives the same school on every machine. */
export class Random {
  #state: number

  /** @param seed any 32-bit integer */
  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** The next number, from 0 up to but not including 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.next() < probability
  }

  /**
   * One item of a list.
   *
   * @throws RangeError for an empty list
   */
  pick<Item>(items: readonly Item[]): Item {
    const item = items[Math.floor(this.next() * items.length)]
    if (item === undefined) throw new RangeError('Expected a list with something to pick from')
    return item
  }

  /** A number around `mean`: the sum of three uniform numbers is bell-shaped enough for school grades. */
  around(mean: number, spread: number): number {
    return mean + (this.next() + this.next() + this.next() - 1.5) * 2 * spread
  }
}
