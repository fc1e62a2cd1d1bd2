import type { PackedRevocation, Revocation, RevocationKind } from './revocation'
import { isRestored, merged, unpackId } from './revocation'
import type { IdWords, Slot } from './revocation-shard'
import { RevocationShard } from './revocation-shard'

const SHARDS = 256
const KINDS: readonly RevocationKind[] = ['token', 'subject', 'exemption']
/** As many as a slot can tell apart. */
const GENERATIONS = 64
/** All shards are swept in turn: how many each time. */
const SHARDS_A_SWEEP = 8

/**
 * A million revocations in 40 MB: 256 tables of typed arrays, each of which grows by itself, so that growing never
 * takes long. A look-up costs two tenths of a microsecond.
 */
export class RevocationTable {
  readonly #shards = Array.from({ length: SHARDS }, () => new RevocationShard())
  readonly #capacity: number
  readonly #now: () => number
  readonly #words: IdWords = new Int32Array(4)
  #size = 0
  #subjects = 0
  #generation = 0
  #swept = 0
  #sweptAllAt = -Infinity

  /** Takes how many it may hold, and the time in Unix seconds. */
  constructor(capacity: number, now: () => number) {
    this.#capacity = capacity
    this.#now = now
  }

  /** Whether there may be any cut-offs of subjects. */
  get hasSubjects(): boolean {
    return this.#subjects > 0
  }

  /** Whether a tenth of it is free. */
  get hasRoom(): boolean {
    return this.#size <= this.#capacity * 0.9
  }

  /** How many bytes its arrays take. */
  get bytes(): number {
    return this.#shards.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** How many refuse something. Walks through all of them. */
  count(): number {
    const now = this.#now()
    const isRefusing = (value: number, kind: number): boolean =>
      KINDS[kind] !== 'exemption' && !isRestored(value)
    return this.#shards.reduce((sum, shard) => sum + shard.count(now, isRefusing), 0)
  }

  /** The value of an id that is alive. */
  find(id: string): number | undefined {
    const words = this.#words
    const [first, second] = [wordAt(id, 0), wordAt(id, 8)]
    words[0] = first
    const shard = this.#shard()
    const like = shard.slotLike(first, second)
    if (like === -1) return undefined
    words[1] = second
    words[2] = wordAt(id, 16)
    words[3] = wordAt(id, 24)
    const slot = shard.slotOf(words, like)
    return shard.untilOf(slot) > this.#now() ? shard.valueOf(slot) : undefined
  }

  /** All that is known of an id that is alive. */
  get(id: string): Revocation | undefined {
    this.#read(id)
    const shard = this.#shard()
    const slot = shard.slotOf(this.#words)
    return shard.untilOf(slot) > this.#now() ? revocationOf(id, shard.at(slot)) : undefined
  }

  /**
   * Merges what is said of an id with what is known of it.
   *
   * @returns what is known now; `undefined` where there is no room for it.
   */
  merge(said: Revocation): Revocation | undefined {
    this.#read(said.id)
    const now = this.#now()
    if (said.until <= now) return said
    const shard = this.#shard()
    const slot = this.#slotIn(shard, now)
    if (slot === -1) return undefined
    const until = shard.untilOf(slot)
    // What the dead say holds no longer, not even that they were taken back.
    const known = until > now ? revocationOf(said.id, shard.at(slot)) : undefined
    const after = merged(said, known)
    this.#put(after, slot, now)
    return after
  }

  /**
   * Takes over what a log says where that is all that is known of the id, or what is known already: most of a log.
   *
   * @param now - the time in Unix seconds, for those who take a great many.
   * @returns whether it was so. Else it has to be merged.
   */
  take(said: PackedRevocation, now = this.#now()): boolean {
    if (said.until <= now) return true
    unpackId(said, this.#words)
    const shard = this.#shard()
    const slot = this.#slotIn(shard, now)
    if (slot === -1) return false
    const until = shard.untilOf(slot)
    const isNew = until <= now
    if (!isNew && (shard.valueOf(slot) !== said.value || until < said.until)) return false
    this.#put(isNew ? said : { ...said, until }, slot, now)
    return true
  }

  /** Begins to tell those that are heard of from here on from those that aren't. */
  beginGeneration(): void {
    this.#generation = (this.#generation + 1) % GENERATIONS
  }

  /** Those that have not been heard of since the generation began, as they are when it comes to them. */
  *unheard(): Generator<Revocation> {
    for (const shard of this.#shards) {
      const ids: string[] = []
      shard.each(this.#now(), (id, { generation }) => {
        if (generation !== this.#generation) ids.push(hexOf(id))
      })
      for (const id of ids) {
        this.#read(id)
        const slot = this.#shard().slotOf(this.#words)
        const entry = this.#shard().at(slot)
        if (entry.until !== 0 && entry.generation !== this.#generation) yield revocationOf(id, entry)
      }
    }
  }

  /** Those that are alive, as they are when it comes to their part. */
  *all(): Generator<Revocation> {
    for (const shard of this.#shards) {
      const found: Revocation[] = []
      shard.each(this.#now(), (id, slot) => found.push(revocationOf(hexOf(id), slot)))
      yield* found
    }
  }

  /** Forgets the dead of a few shards; of all of them, when it has been called often enough. */
  sweep(): void {
    for (let count = 0; count < SHARDS_A_SWEEP; count += 1) {
      this.#sweepShard(this.#shards[this.#swept], this.#now())
      this.#swept = (this.#swept + 1) % SHARDS
    }
  }

  /** The slot of the id that was read last, or the empty one where it would be; -1 where there is no room for it. */
  #slotIn(shard: RevocationShard, now: number): number {
    const slot = shard.slotOf(this.#words)
    if (this.#size < this.#capacity || shard.untilOf(slot) !== 0) return slot
    // What gives room back moves the others.
    return this.#isFull(now) ? -1 : shard.slotOf(this.#words)
  }

  #isFull(now: number): boolean {
    // One look at all of them a second: whoever is turned away now is turned away until then.
    if (now - this.#sweptAllAt < 1) return true
    this.#sweptAllAt = now
    for (const shard of this.#shards) this.#sweepShard(shard, now)
    return this.#size >= this.#capacity
  }

  /** Puts what is to be known of the id that was read last into its slot. */
  #put({ kind, value, until }: Omit<Revocation, 'id'>, slot: number, now: number): void {
    const shard = this.#shard()
    const taken = shard.used
    if (kind === 'subject' && shard.untilOf(slot) === 0) this.#subjects += 1
    const entry = { value, until: Math.ceil(until), kind: KINDS.indexOf(kind), generation: this.#generation }
    shard.put(slot, this.#words, entry, now)
    this.#size += shard.used - taken
  }

  #sweepShard(shard: RevocationShard | undefined, now: number): void {
    if (shard === undefined) return
    const taken = shard.used
    shard.sweep(now)
    this.#size += shard.used - taken
  }

  #shard(): RevocationShard {
    return this.#shards[(this.#words[0] ?? 0) >>> 24] as RevocationShard
  }

  #read(id: string): void {
    const words = this.#words
    words[0] = wordAt(id, 0)
    words[1] = wordAt(id, 8)
    words[2] = wordAt(id, 16)
    words[3] = wordAt(id, 24)
  }
}

function wordAt(id: string, at: number): number {
  return (
    (digitAt(id, at) << 28) |
    (digitAt(id, at + 1) << 24) |
    (digitAt(id, at + 2) << 20) |
    (digitAt(id, at + 3) << 16) |
    (digitAt(id, at + 4) << 12) |
    (digitAt(id, at + 5) << 8) |
    (digitAt(id, at + 6) << 4) |
    digitAt(id, at + 7)
  )
}

/** A hexadecimal digit, by its code: a letter, whose codes are from 64 up, ends in 1 for ten. */
function digitAt(id: string, at: number): number {
  const code = id.charCodeAt(at)
  return (code & 15) + 9 * (code >> 6)
}

function revocationOf(id: string, { value, until, kind }: Slot): Revocation {
  return { id, kind: KINDS[kind] ?? 'token', value, until }
}

function hexOf(id: IdWords): string {
  return Array.from(id, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('')
}
