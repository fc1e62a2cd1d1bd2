import { ChangeLog } from './change-log'
import type { LiveTag } from './live-tags'
import { LiveTags } from './live-tags'
import { grown, NO_ROW, Sieve } from './sieve'

/** How much a {@link NearCache} may hold, and where it has the time from. */
export interface NearCacheOptions {
  /** Most copies, 1 or more. It knows twice as many tags, and 1,000 at least. */
  readonly maxEntries: number
  /** Most bytes of all copies together, by what `keep` is told of each. */
  readonly maxBytes: number
  /** Monotonic time in milliseconds, what deadlines are measured by. */
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

/** How a copy differs from most: bits. */
const HAS_TAGS = 1
const IS_NOT_WHOLE = 2

const FIRST_ROOM = 64
const LEAST_TAG_ROOM = 1000
const TAGS_PER_ENTRY = 2
const NO_TAGS: readonly LiveTag[] = []

/** What is known of all copies: each is a row across these columns. */
class Table<Copy> {
  readonly rows = new Map<string, number>()
  readonly sieve = new Sieve()
  readonly keys: string[] = []
  readonly copies: (Copy | undefined)[] = []
  readonly tags: (readonly LiveTag[])[] = []
  traits = new Uint8Array(FIRST_ROOM)
  deadlines = new Float64Array(FIRST_ROOM)
  /** From when on each may be made anew. */
  renewals = new Float64Array(FIRST_ROOM)
  bytes = new Float64Array(FIRST_ROOM)
  costs = new Float64Array(FIRST_ROOM)

  add(key: string, copy: Copy): number {
    const row = this.sieve.add()
    if (row === this.traits.length) this.#grow()
    this.rows.set(key, row)
    this.keys[row] = key
    this.copies[row] = copy
    return row
  }

  remove(row: number): void {
    this.sieve.remove(row)
    this.rows.delete(this.keys[row] as string)
    this.keys[row] = ''
    this.copies[row] = undefined
    this.tags[row] = NO_TAGS
  }

  #grow(): void {
    this.traits = grown(this.traits)
    for (const column of ['deadlines', 'renewals', 'bytes', 'costs'] as const)
      this[column] = grown(this[column])
  }
}

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
  #table!: Table<Copy>
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
    return this.#table.rows.size
  }

  /** The bytes of all copies that {@link NearCache.size} counts. */
  get bytes(): number {
    return this.#bytes
  }

  /** The copy of the key, if there is one that is right. It is everybody's: not to be changed. */
  get(key: string): Copy | undefined {
    const row = this.find(key, this.#now())
    return row === NO_ROW ? undefined : this.copyAt(row)
  }

  /**
   * Where the copy of the key is, for those who know the time already: good until something changes. {@link NO_ROW}
   * where there is none that is right.
   */
  find(key: string, now: number): number {
    const { rows, deadlines } = this.#table
    const row = rows.get(key)
    if (row === undefined) return NO_ROW
    if ((deadlines[row] as number) > now) return this.#use(row)
    this.#drop(row)
    return NO_ROW
  }

  /** The same, but only where it is too early to make it anew: what is asked for most is found with one look less. */
  findSettled(key: string, now: number): number {
    const { rows, renewals } = this.#table
    const row = rows.get(key)
    return row === undefined || (renewals[row] as number) <= now ? NO_ROW : this.#use(row)
  }

  /** What was kept there. */
  copyAt(row: number): Copy {
    return this.#table.copies[row] as Copy
  }

  /** As {@link Origin} has it. */
  isWholeAt(row: number): boolean {
    return ((this.#table.traits[row] as number) & IS_NOT_WHOLE) === 0
  }

  /** As {@link Origin} has it. */
  costAt(row: number): number {
    return this.#table.costs[row] as number
  }

  /** As {@link Origin} has it. */
  deadlineAt(row: number): number {
    return this.#table.deadlines[row] as number
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
    this.#drop(this.#table.rows.get(key))
    const { maxEntries, maxBytes } = this.#options
    if (bytes > maxBytes) return false
    while (this.size >= maxEntries || this.#bytes + bytes > maxBytes) this.#drop(this.#table.sieve.next())
    const table = this.#table
    const row = table.add(key, copy)
    table.traits[row] = (tags.length > 0 ? HAS_TAGS : 0) | (isWhole ? 0 : IS_NOT_WHOLE)
    table.tags[row] = tags.length === 0 ? NO_TAGS : tags.map((tag) => this.#tags.of(tag))
    table.deadlines[row] = deadline
    table.renewals[row] = deadline - renewMs
    table.bytes[row] = bytes
    table.costs[row] = costMs
    this.#bytes += bytes
    return true
  }

  /** What is under the key is no longer right. */
  changed(key: string): void {
    this.#moment += 1
    this.#changedKeys.note(key, this.#moment)
    this.#drop(this.#table.rows.get(key))
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
    // A new one, as emptying a full one takes its time.
    this.#table = new Table()
    this.#tags = new LiveTags(Math.max(LEAST_TAG_ROOM, TAGS_PER_ENTRY * this.#options.maxEntries))
    this.#bytes = 0
  }

  #use(row: number): number {
    const { traits, tags, sieve } = this.#table
    if ((traits[row] as number) & HAS_TAGS && !areLive(tags[row] as LiveTag[])) {
      this.#drop(row)
      return NO_ROW
    }
    if (sieve.used[row] === 0) sieve.used[row] = 1
    return row
  }

  #drop(row: number | undefined): void {
    if (row === undefined) return
    this.#bytes -= this.#table.bytes[row] as number
    this.#table.remove(row)
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
