/** That there is no row. */
export const NO_ROW = -1
const FIRST_ROOM = 64

/**
 * Who goes when there is no room for all (SIEVE, Zhang et al., NSDI 2024): a hand goes from the oldest to the newest,
 * again and again, and takes the first that was not used since it last came by. A use costs one write, and what is
 * asked for once doesn't displace what is in use.
 *
 * What it keeps in order are the rows of a table: whole numbers, which lie close together where objects would not.
 */
export class Sieve {
  /** Whether a row was used since it was last passed over: 1 or 0. */
  used = new Uint8Array(FIRST_ROOM)
  #newer = new Int32Array(FIRST_ROOM)
  #older = new Int32Array(FIRST_ROOM)
  #newest = NO_ROW
  #oldest = NO_ROW
  #hand = NO_ROW
  /** The rows that are free, each of which names the next. */
  #free = NO_ROW
  #rows = 0

  /** Gives something new its place: the row of it, the lowest that there never was or one that is free. */
  add(): number {
    const row = this.#free === NO_ROW ? this.#append() : this.#free
    if (row === this.#free) this.#free = this.#newer[row] as number
    this.used[row] = 0
    this.#newer[row] = NO_ROW
    this.#older[row] = this.#newest
    if (this.#newest === NO_ROW) this.#oldest = row
    else this.#newer[this.#newest] = row
    this.#newest = row
    return row
  }

  /** Takes something out: its row is free. */
  remove(row: number): void {
    const newer = this.#newer[row] as number
    const older = this.#older[row] as number
    if (newer === NO_ROW) this.#newest = older
    else this.#older[newer] = older
    if (older === NO_ROW) this.#oldest = newer
    else this.#newer[older] = newer
    if (this.#hand === row) this.#hand = newer
    this.#newer[row] = this.#free
    this.#free = row
  }

  /** Whose turn it is to go: it is for the caller to take it out. {@link NO_ROW} where there is nothing. */
  next(): number {
    let row = this.#hand === NO_ROW ? this.#oldest : this.#hand
    while (row !== NO_ROW && this.used[row] === 1) {
      this.used[row] = 0
      const newer = this.#newer[row] as number
      row = newer === NO_ROW ? this.#oldest : newer
    }
    this.#hand = row
    return row
  }

  #append(): number {
    const row = this.#rows
    this.#rows += 1
    if (row === this.used.length) {
      this.used = grown(this.used)
      this.#newer = grown(this.#newer)
      this.#older = grown(this.#older)
    }
    return row
  }
}

/** The same numbers, with room for twice as many. */
export function grown<Column extends Uint8Array | Int32Array | Float64Array>(column: Column): Column {
  const { constructor, length } = column
  const wider = new (constructor as new (length: number) => Column)(2 * length)
  wider.set(column)
  return wider
}
