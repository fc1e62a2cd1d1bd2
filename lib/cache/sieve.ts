/** Something that has a place in a {@link Sieve}. */
export interface Sieved<Item> {
  /** Whether it was used since it was last passed over: 1 or 0. */
  used: number
  newer: Item | undefined
  older: Item | undefined
}

/**
 * Who goes when there is no room for all (SIEVE, Zhang et al., NSDI 2024): a hand goes from the oldest to the newest,
 * again and again, and takes the first that was not used since it last came by. A use costs one write, and what is
 * asked for once doesn't displace what is in use.
 */
export class Sieve<Item extends Sieved<Item>> {
  #newest: Item | undefined
  #oldest: Item | undefined
  #hand: Item | undefined

  /** Gives something new its place. */
  add(item: Item): void {
    item.older = this.#newest
    if (this.#newest !== undefined) this.#newest.newer = item
    this.#newest = item
    this.#oldest ??= item
  }

  /** Takes something out. */
  remove(item: Item): void {
    const { newer, older } = item
    if (newer === undefined) this.#newest = older
    else newer.older = older
    if (older === undefined) this.#oldest = newer
    else older.newer = newer
    if (this.#hand === item) this.#hand = newer
  }

  /** Whose turn it is to go: it is for the caller to take it out. `undefined` where there is nothing. */
  next(): Item | undefined {
    let item = this.#hand ?? this.#oldest
    while (item?.used === 1) {
      item.used = 0
      item = item.newer ?? this.#oldest
    }
    this.#hand = item
    return item
  }
}
