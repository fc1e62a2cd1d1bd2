import { fnv1a } from '../fnv'

/** Of so many entries one is on trial. */
const ENTRIES_PER_TRIAL = 20

/**
 * A map that forgets what is used least to stay within its bounds, after S3-FIFO (Yang et al., SOSP 2023). An entry
 * begins on trial. When its turn comes it goes, so that a scan does no harm, unless it was used meanwhile: then it
 * is proven. So is one that comes back soon after it went. A proven one stays if it was used since its last turn.
 */
export class BoundedMap<Value> {
  readonly #bounds: { readonly maxEntries: number; readonly maxBytes: number }
  readonly #rows = new Map<string, number>()
  // An entry is a row across these columns. They have no gaps: all that are proven come first, then all on trial.
  readonly #keys: string[] = []
  readonly #values: Value[] = []
  readonly #weights: number[] = []
  readonly #deadlines: number[] = []
  readonly #columns: unknown[][] = [this.#keys, this.#values, this.#weights, this.#deadlines]
  #used: Uint8Array = Buffer.alloc(64)
  /** One half of the hash of each key that went from trial lately, at the place that all of it says. */
  #gone = new Uint16Array(32)
  #bytes = 0
  #proven = 0
  #provenTurn = 0
  #trialTurn = 0

  constructor(bounds: { readonly maxEntries: number; readonly maxBytes: number }) {
    if (!(bounds.maxEntries >= 1)) throw new RangeError('maxEntries: expected 1 or more')
    this.#bounds = bounds
  }

  /** How many entries it holds, those past their deadline too. */
  get size(): number {
    return this.#keys.length
  }

  /** What all its entries weigh. */
  get bytes(): number {
    return this.#bytes
  }

  /** The value of the key, which counts as a use. An entry past its deadline at the time `now` goes instead. */
  get(key: string, now = -Infinity): Value | undefined {
    const row = this.#rows.get(key)
    if (row === undefined) return undefined
    this.#used[row] = 1
    if ((this.#deadlines[row] as number) >= now) return this.#values[row]
    this.delete(key)
    return undefined
  }

  /** The value of the key, which does not count as a use, whatever its deadline. */
  peek(key: string): Value | undefined {
    return this.#values[this.#rows.get(key) ?? -1]
  }

  /** The deadline of the key: `Infinity` if it has none, `-Infinity` if there is no such entry. */
  deadlineOf(key: string): number {
    return this.#deadlines[this.#rows.get(key) ?? -1] ?? -Infinity
  }

  /** Keeps the value, whatever has to go for it. `false` if it is over the bounds alone: the key has no value then. */
  set(key: string, value: Value, bytes: number, deadline = Infinity): boolean {
    const { maxEntries, maxBytes } = this.#bounds
    if (!(bytes <= maxBytes)) return this.delete(key) && false
    const isKnown = this.#rows.has(key)
    const row = this.#rows.get(key) ?? this.#add(key, value)
    this.#used[row] = isKnown ? 1 : 0
    this.#values[row] = value
    this.#deadlines[row] = deadline
    this.#bytes += bytes - (this.#weights[row] as number)
    this.#weights[row] = bytes
    while (this.size > 1 && (this.size > maxEntries || this.#bytes > maxBytes)) this.#evict(key)
    return true
  }

  /** Forgets the key, and says whether it was there. */
  delete(key: string): boolean {
    const row = this.#rows.get(key)
    if (row === undefined) return false
    this.#bytes -= this.#weights[row] as number
    // To the end with it, by way of the end of the proven ones if it is one of them.
    const middle = row < this.#proven ? --this.#proven : row
    this.#swap(row, middle)
    this.#swap(middle, this.size - 1)
    for (const column of this.#columns) column.pop()
    return this.#rows.delete(key)
  }

  /** Forgets everything. */
  clear(): void {
    this.#rows.clear()
    for (const column of this.#columns) column.length = 0
    this.#bytes = this.#proven = 0
  }

  /** Its keys, in no order that matters. Entries may come and go meanwhile. */
  keys(): IterableIterator<string> {
    return this.#rows.keys()
  }

  #add(key: string, value: Value): number {
    const row = this.#keys.push(key) - 1
    this.#values.push(value)
    this.#weights.push(0)
    this.#deadlines.push(Infinity)
    this.#rows.set(key, row)
    if (row >= this.#used.length) this.#used = Buffer.concat([this.#used], 2 * row)
    if (row > 2 * this.#gone.length) this.#gone = new Uint16Array(row)
    if (this.#gone[fnv1a(key) % this.#gone.length] !== fnv1a(key) >>> 16) return row
    this.#swap(row, this.#proven)
    return this.#proven++
  }

  /** Lets go of one that was not used, the next in turn. The spared is passed over; alone on trial, it is proven. */
  #evict(spared: string): void {
    let row = this.#takeTurn()
    for (; this.#used[row] === 1 || this.#keys[row] === spared; row = this.#takeTurn()) {
      if (this.#used[row] === 0 && this.size - this.#proven > 1) continue
      this.#used[row] = 0
      if (row >= this.#proven) this.#swap(row, this.#proven++)
    }
    const key = this.#keys[row] as string
    if (row >= this.#proven) this.#gone[fnv1a(key) % this.#gone.length] = fnv1a(key) >>> 16
    this.delete(key)
  }

  /** The row whose turn it is: of those on trial, if they are more than their share, or else of the proven. */
  #takeTurn(): number {
    if ((this.size - this.#proven) * ENTRIES_PER_TRIAL > this.size) {
      if (this.#trialTurn < this.#proven || this.#trialTurn >= this.size) this.#trialTurn = this.#proven
      return this.#trialTurn++
    }
    if (this.#provenTurn >= this.#proven) this.#provenTurn = 0
    return this.#provenTurn++
  }

  #swap(row: number, other: number): void {
    this.#rows.set(this.#keys[row] as string, other).set(this.#keys[other] as string, row)
    for (const column of this.#columns) [column[row], column[other]] = [column[other], column[row]]
    const used = this.#used
    ;[used[row], used[other]] = [used[other] as number, used[row] as number]
  }
}
