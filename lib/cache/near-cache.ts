import { ChangeLog } from './change-log'
import type { LiveTag } from './live-tags'
import { LiveTags } from './live-tags'
import type { Sieved } from './sieve'
import { Sieve } from './sieve'

/** How much a {@link NearCache} may hold, and where it has the time from. */
export interface NearCacheOptions {
  /** Most copies, 1 or more. It knows twice as many tags, and 1,000 at least. */
  readonly maxEntries: number
  /** Most bytes of all copies together, by what `keep` is told of each. */
  readonly maxBytes: number
  /** Monotonic time in milliseconds, what deadlines are measured by; whole ones are found fastest. */
  readonly now: () => number
}

/** The moment at which a read began, from {@link NearCache.begin}. Nothing is held for it, so it needs no end. */
export type Token = number & { readonly brand: unique symbol }

/** Where a copy comes from, and what it depends on. */
export interface Origin {
  /** When the read of it began: a change of anything it depends on after that makes it void. */
  readonly token: Token
  /** When its life is over, in monotonic milliseconds: from that moment on it is not found. */
  readonly deadline: number
  /** Whose change drops it. */
  readonly tags: readonly string[]
  /** What it weighs: a whole number, 0 or more. */
  readonly bytes: number
  /** Whether it is what readers get, and not only what their own copies are made from. @default true */
  readonly isWhole?: boolean
  /** How long it took to make, in milliseconds. @default 0 */
  readonly costMs?: number
  /** For how long before its deadline it may be made anew, in milliseconds. @default 0 */
  readonly renewMs?: number
}

/** A copy that is kept. */
export interface Kept<Copy> extends Sieved<Kept<Copy>> {
  /** In whole milliseconds: V8 keeps a number in the object itself only if it is a small and whole one. */
  readonly deadline: number
  readonly tags: readonly LiveTag[]
  readonly copy: Copy
  /** As {@link Origin} has it. */
  readonly isWhole: boolean
  /** From when on it may be made anew. */
  readonly renewFrom: number
  /** As {@link Origin} has it. */
  readonly costMs: number
  readonly key: string
  readonly bytes: number
}

/** About twelve days: what is kept for longer is read once in a while, and the numbers stay small. */
const LONGEST_LIFE_MS = 2 ** 30

const LEAST_TAG_ROOM = 1000
const TAGS_PER_ENTRY = 2
const NO_TAGS: readonly LiveTag[] = []

/**
 * Decoded values, kept in process in front of Redis. It is told of each change that the server tells of, and
 * never returns a copy that a change it was told of has made void.
 *
 * A value is on its way when the message of its change overtakes it. Hence the rule: take a token before the
 * read is sent, and any change since then of what the value depends on keeps it out. Each change takes the same
 * short time, however many copies it makes void.
 */
export class NearCache<Copy> {
  readonly #options: NearCacheOptions
  readonly #now: () => number
  #copies!: Map<string, Kept<Copy>>
  #sieve!: Sieve<Kept<Copy>>
  #tags!: LiveTags
  #bytes = 0

  // A key and a tag may have the same name.
  readonly #changedKeys = new ChangeLog()
  readonly #changedTags = new ChangeLog()
  /** Counts the changes. */
  #moment = 0
  /** When everything changed last. */
  #floor = 0

  constructor(options: NearCacheOptions) {
    this.#options = options
    this.#now = options.now
    this.clear()
  }

  /** How many copies it holds. Those that are over, or void by their tags, count until somebody asks for them. */
  get size(): number {
    return this.#copies.size
  }

  /** The bytes of all copies that {@link NearCache.size} counts. */
  get bytes(): number {
    return this.#bytes
  }

  /** The copy of the key, if there is one that is right. It is everybody's: not to be changed. */
  get(key: string): Copy | undefined {
    return this.find(key, this.#now())?.copy
  }

  /** The same with what is known of it, for those who know the time already. */
  find(key: string, now: number): Kept<Copy> | undefined {
    const kept = this.#copies.get(key)
    if (kept === undefined) return undefined
    if (kept.deadline <= now || (kept.tags !== NO_TAGS && !areLive(kept.tags))) {
      this.#drop(kept)
      return undefined
    }
    if (kept.used === 0) kept.used = 1
    return kept
  }

  /** To be called before a read is sent to the server. What it gives is good for any number of keys. */
  begin(): Token {
    return this.#moment as Token
  }

  /**
   * Keeps the copy, at the cost of others where need be, and says whether it did. It does nothing if something
   * that the copy depends on may have changed since its token was taken, or if its life is over. A copy that
   * alone weighs too much is not kept either, and the key then has none.
   */
  keep(key: string, copy: Copy, origin: Origin): boolean {
    const { token, deadline, tags, bytes, isWhole = true, costMs = 0, renewMs = 0 } = origin
    const now = this.#now()
    // Put this way round, a deadline that is no number is over.
    if (!(deadline > now) || this.#mayHaveChanged(key, tags, token)) return false
    const former = this.#copies.get(key)
    if (former !== undefined) this.#drop(former)
    const { maxEntries, maxBytes } = this.#options
    if (bytes > maxBytes) return false
    while (this.#copies.size >= maxEntries || this.#bytes + bytes > maxBytes) this.#drop(this.#sieve.next())
    const end = Math.floor(Math.min(deadline, now + LONGEST_LIFE_MS))
    const kept: Kept<Copy> = {
      used: 0,
      deadline: end,
      renewFrom: Math.floor(end - renewMs),
      costMs,
      tags: tags.length === 0 ? NO_TAGS : tags.map((tag) => this.#tags.of(tag)),
      copy,
      isWhole,
      key,
      bytes,
      newer: undefined,
      older: undefined,
    }
    this.#copies.set(key, kept)
    this.#sieve.add(kept)
    this.#bytes += bytes
    return true
  }

  /** What is under the key is no longer right. */
  changed(key: string): void {
    this.#moment += 1
    this.#changedKeys.note(key, this.#moment)
    this.#drop(this.#copies.get(key))
  }

  /** What depends on the tag is no longer right. */
  changedTag(tag: string): void {
    this.#moment += 1
    this.#changedTags.note(tag, this.#moment)
    this.#tags.drop(tag)
  }

  /** Nothing is right any more, or may be: as when the connection that brings the messages was lost. */
  changedAll(): void {
    this.#moment += 1
    this.#floor = this.#moment
    this.clear()
  }

  /** Lets go of all copies, to free their memory. What is being read may still be kept. */
  clear(): void {
    // New ones, as emptying a full one takes its time.
    this.#copies = new Map()
    this.#sieve = new Sieve()
    this.#tags = new LiveTags(Math.max(LEAST_TAG_ROOM, TAGS_PER_ENTRY * this.#options.maxEntries))
    this.#bytes = 0
  }

  #drop(kept: Kept<Copy> | undefined): void {
    if (kept === undefined) return
    this.#copies.delete(kept.key)
    this.#sieve.remove(kept)
    this.#bytes -= kept.bytes
  }

  #mayHaveChanged(key: string, tags: readonly string[], token: Token): boolean {
    if (token < this.#floor || this.#changedKeys.mayHaveChanged(key, token)) return true
    return tags.some((tag) => this.#changedTags.mayHaveChanged(tag, token))
  }
}

function areLive(tags: readonly LiveTag[]): boolean {
  for (const tag of tags) {
    if (!tag.isLive) return false
    tag.isUsed = true
  }
  return true
}
