/** What a slot says of an id. */
export interface Slot {
  readonly value: number
  /** In whole Unix seconds, 1 up. */
  readonly until: number
  readonly kind: number
  /** When it was heard of last: see `RevocationTable`. */
  readonly generation: number
}

const SMALLEST = 8
const FULLEST = 0.85
const GROWTH = 1.5
const LATEST = 2 ** 32 - 1
const KINDS = 4
/** How many numbers there are that an id can have second. */
const SECONDS = 2 ** 32

/** A slot is so many numbers of 32 bits: four of the id, and one after the other what is known of it. */
const WORDS = 8
const UNTIL = 4
const MARK = 5
/** The value is one of 64 bits, the last of four. */
const VALUES = 4
const VALUE = 3

/** An id of 128 bits as four numbers. */
export type IdWords = Int32Array

/**
 * A table with open addressing in one typed array: 32 bytes a slot, which a look-up finds side by side, and nothing for
 * the garbage collector to walk. It grows by half, so that it is never less than half full, and forgets the dead when
 * it does.
 */
export class RevocationShard {
  #capacity = SMALLEST
  #words = new Int32Array(SMALLEST * WORDS)
  /** The same bytes. */
  #values = new Float64Array(this.#words.buffer)
  #used = 0

  /** How many slots are taken, those of the dead included. */
  get used(): number {
    return this.#used
  }

  /** How many bytes it takes. */
  get bytes(): number {
    return this.#words.byteLength
  }

  /** A slot of an id that begins with these two numbers, by which most are told that aren't there; -1 for none. */
  slotLike(first: number, second: number): number {
    const words = this.#words
    const capacity = this.#capacity
    for (let slot = homeOf(second, capacity); ; slot = slot + 1 === capacity ? 0 : slot + 1) {
      const at = slot * WORDS
      if (words[at + UNTIL] === 0) return -1
      if (words[at + 1] === second && words[at] === first) return slot
    }
  }

  /**
   * The slot of an id, or the empty one where it would be.
   *
   * @param from - where none before it can be the one, as `slotLike` says. @default where the id belongs
   */
  slotOf(id: IdWords, from = homeOf(id[1] ?? 0, this.#capacity)): number {
    const words = this.#words
    const capacity = this.#capacity
    const [first, second, third, last] = [id[0], id[1], id[2], id[3]]
    for (let slot = from; ; slot = slot + 1 === capacity ? 0 : slot + 1) {
      const at = slot * WORDS
      if (words[at + UNTIL] === 0) return slot
      const isAlike = words[at + 1] === second && words[at] === first
      if (isAlike && words[at + 3] === last && words[at + 2] === third) return slot
    }
  }

  /** Until when what is in a slot matters; 0 where it is empty. */
  untilOf(slot: number): number {
    return (this.#words[slot * WORDS + UNTIL] ?? 0) >>> 0
  }

  /** The value in a slot. */
  valueOf(slot: number): number {
    return this.#values[slot * VALUES + VALUE] ?? 0
  }

  /** All that is in a slot. */
  at(slot: number): Slot {
    const mark = this.#words[slot * WORDS + MARK] ?? 0
    return {
      value: this.valueOf(slot),
      until: this.untilOf(slot),
      kind: mark % KINDS,
      generation: Math.floor(mark / KINDS),
    }
  }

  /** Puts an id into its slot, as `slotOf` has it, in the place of what was known of it. */
  put(slot: number, id: IdWords, entry: Slot, now: number): void {
    let place = slot
    if (this.untilOf(slot) === 0) {
      if (this.#used + 1 > this.#capacity * FULLEST) {
        this.#rebuild(now)
        place = this.slotOf(id)
      }
      this.#used += 1
      for (let word = 0; word < 4; word += 1) this.#words[place * WORDS + word] = id[word] ?? 0
    }
    this.#words[place * WORDS + UNTIL] = Math.min(entry.until, LATEST)
    this.#words[place * WORDS + MARK] = entry.kind + KINDS * entry.generation
    this.#values[place * VALUES + VALUE] = entry.value
  }

  /** Forgets the dead. */
  sweep(now: number): void {
    for (let slot = 0; slot < this.#capacity; slot += 1) {
      const until = this.untilOf(slot)
      if (until === 0 || until > now) continue
      this.#rebuild(now)
      return
    }
  }

  /** How many are alive, of those that are to be counted. */
  count(now: number, isCounted?: (value: number, kind: number) => boolean): number {
    let count = 0
    for (let slot = 0; slot < this.#capacity; slot += 1) {
      if (this.untilOf(slot) <= now) continue
      const kind = (this.#words[slot * WORDS + MARK] ?? 0) % KINDS
      if (isCounted === undefined || isCounted(this.valueOf(slot), kind)) count += 1
    }
    return count
  }

  /** Calls back for each that is alive. */
  each(now: number, visit: (id: IdWords, entry: Slot) => void): void {
    for (let slot = 0; slot < this.#capacity; slot += 1) {
      if (this.untilOf(slot) > now) visit(this.#words.subarray(slot * WORDS, slot * WORDS + 4), this.at(slot))
    }
  }

  /** Takes those that are alive over into an array that has room for more. */
  #rebuild(now: number): void {
    const before = this.#words
    const alive = this.count(now)
    const capacity = Math.max(SMALLEST, Math.ceil(((alive + 1) * GROWTH) / FULLEST))
    const after = new Int32Array(capacity * WORDS)
    for (let at = 0; at < before.length; at += WORDS) {
      if ((before[at + UNTIL] ?? 0) >>> 0 <= now) continue
      let slot = homeOf(before[at + 1] ?? 0, capacity)
      // No id is there twice: the first empty slot is the one.
      while (after[slot * WORDS + UNTIL] !== 0) slot = slot + 1 === capacity ? 0 : slot + 1
      for (let word = 0; word < WORDS; word += 1) after[slot * WORDS + word] = before[at + word] ?? 0
    }
    this.#capacity = capacity
    this.#words = after
    this.#values = new Float64Array(after.buffer)
    this.#used = alive
  }
}

/**
 * Where an id belongs. It is in the order of the ids, and stays so when there is room for more: what is taken over then
 * lies side by side, before and after.
 */
function homeOf(second: number, capacity: number): number {
  return (((second >>> 0) * capacity) / SECONDS) >>> 0
}
