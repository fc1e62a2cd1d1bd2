/** What a slot says of an id. */
export interface Slot {
  readonly value: number
  /** In whole Unix seconds, 1 up. */
  readonly until: number
  readonly kind: number
  /** When it was heard of last: see `RevocationTable`. */
  readonly generation: number
}

const WORDS = 4
const SMALLEST = 8
const FULLEST = 0.85
const GROWTH = 1.5
const LATEST = 2 ** 32 - 1
const KINDS = 4

/** An id of 128 bits as four numbers. */
export type IdWords = Uint32Array

/**
 * A table with open addressing in typed arrays: 29 bytes a slot, and nothing for the garbage collector to walk. It
 * grows by half, so that it is never less than half full, and forgets the dead when it does.
 */
export class RevocationShard {
  #capacity = SMALLEST
  #words = new Uint32Array(SMALLEST * WORDS)
  #values = new Float64Array(SMALLEST)
  /** 0 where a slot is empty. */
  #untils = new Uint32Array(SMALLEST)
  /** The kind, and above it the generation. */
  #marks = new Uint8Array(SMALLEST)
  #used = 0

  /** How many slots are taken, those of the dead included. */
  get used(): number {
    return this.#used
  }

  /** How many bytes it takes. */
  get bytes(): number {
    return this.#capacity * (WORDS * 4 + 8 + 4 + 1)
  }

  /**
   * The slot of an id that begins with these two words, by which most are told that aren't there; -1 for none. An empty
   * slot has none, so that no second array is looked into on the way.
   */
  slotLike(first: number, second: number): number {
    const words = this.#words
    const capacity = this.#capacity
    for (let slot = second % capacity; ; slot = slot + 1 === capacity ? 0 : slot + 1) {
      const at = slot * WORDS
      const isAlike = words[at + 1] === second && words[at] === first
      if (isAlike || (words[at + 1] === 0 && words[at] === 0)) {
        if (this.#untils[slot] === 0) return -1
        if (isAlike) return slot
      }
    }
  }

  /** The value of an id that is alive, and probably in this slot. */
  find(id: IdWords, now: number, slot: number): number | undefined {
    const at = slot * WORDS
    const isThere = this.#words[at + 3] === id[3] && this.#words[at + 2] === id[2]
    const found = isThere ? slot : this.#slotOf(id)
    return (this.#untils[found] ?? 0) > now ? this.#values[found] : undefined
  }

  /** All that is known of an id, alive or not. */
  read(id: IdWords): Slot | undefined {
    const slot = this.#slotOf(id)
    return this.#untils[slot] === 0 ? undefined : this.#at(slot)
  }

  /** Puts an id in, or in the place of what was known of it. */
  put(id: IdWords, entry: Slot, now: number): void {
    let slot = this.#slotOf(id)
    if (this.#untils[slot] === 0) {
      if (this.#used + 1 > this.#capacity * FULLEST) {
        this.#rebuild(now)
        slot = this.#slotOf(id)
      }
      this.#used += 1
      this.#words.set(id, slot * WORDS)
    }
    this.#values[slot] = entry.value
    this.#untils[slot] = Math.min(entry.until, LATEST)
    this.#marks[slot] = entry.kind + KINDS * entry.generation
  }

  /** Forgets the dead. */
  sweep(now: number): void {
    if (this.#untils.some((until) => until > 0 && until <= now)) this.#rebuild(now)
  }

  /** How many are alive, of those that are to be counted. */
  count(now: number, isCounted: (value: number, kind: number) => boolean = () => true): number {
    return this.#untils.reduce((sum, until, slot) => {
      const isAlive = until > now && isCounted(this.#values[slot] ?? 0, (this.#marks[slot] ?? 0) % KINDS)
      return isAlive ? sum + 1 : sum
    }, 0)
  }

  /** Calls back for each that is alive. */
  each(now: number, visit: (id: IdWords, entry: Slot) => void): void {
    for (let slot = 0; slot < this.#capacity; slot += 1) {
      if ((this.#untils[slot] ?? 0) > now)
        visit(this.#words.subarray(slot * WORDS, (slot + 1) * WORDS), this.#at(slot))
    }
  }

  #at(slot: number): Slot {
    const mark = this.#marks[slot] ?? 0
    return {
      value: this.#values[slot] ?? 0,
      until: this.#untils[slot] ?? 0,
      kind: mark % KINDS,
      generation: Math.floor(mark / KINDS),
    }
  }

  /** Where an id is, or the empty slot where it would be. */
  #slotOf(id: IdWords): number {
    const words = this.#words
    const untils = this.#untils
    const capacity = this.#capacity
    const last = id[3] ?? 0
    let slot = (id[1] ?? 0) % capacity
    while (untils[slot] !== 0) {
      const at = slot * WORDS
      if (words[at + 3] === last && words[at] === id[0] && words[at + 1] === id[1] && words[at + 2] === id[2])
        return slot
      slot = slot + 1 === capacity ? 0 : slot + 1
    }
    return slot
  }

  /** Takes those that are alive over into arrays that have room for more. */
  #rebuild(now: number): void {
    const [words, values, untils, marks] = [this.#words, this.#values, this.#untils, this.#marks]
    const alive = this.count(now)
    this.#capacity = Math.max(SMALLEST, Math.ceil(((alive + 1) * GROWTH) / FULLEST))
    this.#words = new Uint32Array(this.#capacity * WORDS)
    this.#values = new Float64Array(this.#capacity)
    this.#untils = new Uint32Array(this.#capacity)
    this.#marks = new Uint8Array(this.#capacity)
    this.#used = alive
    const id = new Uint32Array(WORDS)
    for (let slot = 0; slot < untils.length; slot += 1) {
      if ((untils[slot] ?? 0) <= now) continue
      for (let word = 0; word < WORDS; word += 1) id[word] = words[slot * WORDS + word] ?? 0
      const place = this.#slotOf(id)
      for (let word = 0; word < WORDS; word += 1) this.#words[place * WORDS + word] = id[word] ?? 0
      this.#values[place] = values[slot] ?? 0
      this.#untils[place] = untils[slot] ?? 0
      this.#marks[place] = marks[slot] ?? 0
    }
  }
}
