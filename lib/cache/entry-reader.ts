import type { CacheClient } from '../client/cache-client'
import type { ResilientClient } from '../client/resilient-client'
import type { Entry } from './entry'
import { decodeEntry } from './entry'
import { LEASE_MS } from './held-lease'
import type { KeyNames } from './key-names'
import type { Token } from './near-cache'
import type { NearTier, Read } from './near-tier'
import type { Stamps } from './tags'
import { isCurrent } from './tags'

/** A key as it was found, and the namespace's count at that time. */
export interface Opened extends Read {
  /** What a value made from here on is to be stored with: an invalidation after this moment wins over it. */
  readonly since: Since
}

/** When a value began to be made. */
export interface Since {
  /** The namespace's count of that time: what was invalidated later makes the value void. */
  readonly count: string
  /** Which store it is the count of: another one's can't be compared with it. */
  readonly era: number
  /** The tags whose stamps were there, as those were that every value depends on; none where that isn't known. */
  readonly grounded?: readonly string[] | undefined
}

interface Reading extends Read {
  /** The count to make a value with, if all stamps were there that the caller's tags need. */
  readonly count: string | undefined
}

/** A key as it is after its lease was asked for. */
export interface Claimed<Found> {
  /** What is there, as it was read. */
  readonly found: Found | undefined
  /** As {@link Opened} has it. */
  readonly since: Since
  /**
   * 0 where the lease is ours; else how long it is somebody else's, in milliseconds. `undefined` where there is no
   * need of it: what was found is fresh.
   */
  readonly waitMs: number | undefined
}

/** What a key is claimed for. */
export interface ClaimOptions<Found> {
  /** What the value would depend on. */
  readonly tags: readonly string[]
  /** Reads what is there; `undefined` where it can't be read. */
  readonly read: (opened: Opened) => Found | undefined
  /** Whether what was read need not be made anew. */
  readonly isFresh: (found: Found) => boolean
}

/** What an entry depends on: what tags are known, and what was found under the places of these. */
interface Grounds {
  readonly tags: readonly string[]
  readonly ground: readonly (Buffer | undefined)[]
  /** What was noted before the reading. */
  readonly token: Token | undefined
}

interface Parts {
  readonly client: ResilientClient
  readonly near: NearTier
  readonly names: KeyNames
  readonly stamps: Stamps
  /** Monotonic, in milliseconds. */
  readonly now: () => number
}

/** Finds the entries of one namespace by key: right only as long as nothing they depend on was invalidated. */
export class EntryReader {
  readonly #client: ResilientClient
  readonly #near: NearTier
  readonly #names: KeyNames
  readonly #stamps: Stamps
  readonly #now: () => number
  #missShare = 0

  constructor({ client, near, names, stamps, now }: Parts) {
    this.#client = client
    this.#near = near
    this.#names = names
    this.#stamps = stamps
    this.#now = now
  }

  /** Finds what is under a key. The tags are those that it is known to depend on. */
  find(key: string, tags: readonly string[] = []): Promise<Read> {
    return this.#client.read((store) => this.#read(store, key, tags))
  }

  /** The same for many keys, in their order: one reading for all that a store is asked for at a time. */
  findMany(keys: readonly string[], tags: readonly string[] = []): Promise<Read[]> {
    return this.#client.read((store) => Promise.all(keys.map((key) => this.#read(store, key, tags))))
  }

  /** Whether there is something fresh under a key that can be read. What it is is not fetched. */
  has(key: string, tags: readonly string[], canRead: (kind: string) => boolean): Promise<boolean> {
    return this.#client.read(async (store) => {
      const read = (await this.#glance(store, key, tags)) ?? (await this.#read(store, key, tags))
      return read.entry !== undefined && this.isFresh(read) && canRead(read.entry.kind)
    })
  }

  /** Whether what was read is more than a stand-in. */
  isFresh({ freshUntil }: Pick<Read, 'freshUntil'>): boolean {
    return freshUntil === undefined || freshUntil > this.#now()
  }

  /** Finds what is under a key, and notes since when something may be made in its place. */
  open(key: string, tags: readonly string[] = []): Promise<Opened> {
    return this.#client.read((store) => this.#open(store, key, tags))
  }

  /**
   * Looks for what is under a key, and takes its lease where that is nothing, in one step. Where something is there
   * that is of no use, or not fresh, it takes two, and looks once more: who had the lease before may have stored
   * something. All of it within the budget of one command. As long as most are there it only reads at first.
   *
   * @param newToken - makes the token of the lease that is asked for, if one is.
   */
  claim<Found>(key: string, options: ClaimOptions<Found>, newToken: () => string): Promise<Claimed<Found>> {
    const { tags, read, isFresh } = options
    const name = this.#names.of(key)
    return this.#client.read(async (store) => {
      const { era } = this.#client
      if (!this.#expectsMiss) {
        const opened = await this.#open(store, key, tags)
        const there = read(opened)
        this.#learn(there !== undefined)
        if (there !== undefined && isFresh(there))
          return { found: there, since: opened.since, waitMs: undefined }
      }
      const token = newToken()
      const near = this.#near.begin(store)
      const { values, waitMs } = await store.claim(this.#placesOf(name, tags), token, LEASE_MS)
      const first = await this.#judgeAll(store, name, tags, { values, token: near })
      const opened = await this.#since(store, first, { era, tags })
      if (this.#expectsMiss) this.#learn(waitMs === undefined)
      if (waitMs !== undefined) return { found: undefined, since: opened.since, waitMs }
      const found = read(opened)
      if (found !== undefined && isFresh(found)) return { found, since: opened.since, waitMs: undefined }
      return this.#takeLease(store, key, token, options)
    })
  }

  /** Most find what they ask for: a reading costs a store less than a claim. Where most don't, it is a round trip more. */
  get #expectsMiss(): boolean {
    return this.#missShare > 0.5
  }

  #learn(isThere: boolean): void {
    this.#missShare += ((isThere ? 0 : 1) - this.#missShare) / LOOKS_REMEMBERED
  }

  async #takeLease<Found>(
    store: CacheClient,
    key: string,
    token: string,
    { tags, read, isFresh }: ClaimOptions<Found>,
  ): Promise<Claimed<Found>> {
    const name = this.#names.of(key)
    const [waitMs, opened] = await Promise.all([
      store.lease(name, token, LEASE_MS),
      this.#open(store, key, tags),
    ])
    const found = read(opened)
    if (found === undefined || !isFresh(found)) return { found, since: opened.since, waitMs }
    if (waitMs === 0) await store.release({ key: name, token })
    return { found, since: opened.since, waitMs: undefined }
  }

  async #open(store: CacheClient, key: string, tags: readonly string[]): Promise<Opened> {
    const { era } = this.#client
    return this.#since(store, await this.#read(store, key, tags), { era, tags })
  }

  /** A stamp that is first written behind the load might be later than its beginning. At once where there are all. */
  #since(
    store: CacheClient,
    read: Reading,
    { era, tags }: { readonly era: number; readonly tags: readonly string[] },
  ): Opened | Promise<Opened> {
    const opened = (count: string): Opened => ({
      entry: read.entry,
      token: read.token,
      endsAt: read.endsAt,
      freshUntil: read.freshUntil,
      since: { count, era, grounded: read.count === undefined ? undefined : tags },
    })
    const count = read.count ?? read.entry?.count
    return count === undefined ? this.#stamps.ensure(store, tags).then(opened) : opened(count)
  }

  async #read(store: CacheClient, key: string, tags: readonly string[]): Promise<Reading> {
    const name = this.#names.of(key)
    const token = this.#near.begin(store)
    const values = await store.getMany(this.#placesOf(name, tags))
    return this.#judgeAll(store, name, tags, { values, token })
  }

  #judgeAll(
    store: CacheClient,
    name: string,
    tags: readonly string[],
    {
      values: [bytes, ...ground],
      token,
    }: { readonly values: readonly (Buffer | undefined)[]; readonly token: Token | undefined },
  ): Reading | Promise<Reading> {
    return this.#judge(store, name, decodeEntry(name, bytes), { tags, ground, token })
  }

  /** What the head of an entry says; `undefined` where the store gives none, or it is longer than usual. */
  async #glance(
    store: CacheClient,
    key: string,
    tags: readonly string[],
  ): Promise<Pick<Reading, 'entry' | 'freshUntil'> | undefined> {
    if (store.head === undefined) return undefined
    const name = this.#names.of(key)
    const [, ...stamps] = this.#placesOf(name, tags)
    const [head, found] = await Promise.all([store.head(name, HEAD_BYTES), store.getMany(stamps)])
    if (head !== undefined && head.length > HEAD_BYTES && !head.bytes.includes('\n')) return undefined
    const entry = decodeEntry(name, head?.bytes, head?.length)
    return this.#judge(store, name, entry, { tags, ground: found, token: undefined })
  }

  #placesOf(name: string, tags: readonly string[]): [string, ...string[]] {
    const places: [string, ...string[]] = [name, this.#stamps.counter, this.#stamps.floor]
    for (const tag of tags) places.push(this.#stamps.of(tag))
    return places
  }

  /**
   * Says what is right of what was found: the entry, and behind it the counter, the floor and the stamps of these tags.
   * One more round trip for an entry with tags that the caller didn't name, and for one whose end matters; else at once.
   */
  #judge(
    store: CacheClient,
    name: string,
    entry: Entry | undefined,
    grounds: Grounds,
  ): Reading | Promise<Reading> {
    const { ground, tags, token } = grounds
    const count = ground.includes(undefined) ? undefined : ground[0]?.toString('latin1')
    if (entry === undefined || !isGrounded(entry, ground)) return { entry: undefined, count, token }
    const isWhole = entry.tags.every((tag) => tags.includes(tag))
    return isWhole && !hasEnd(entry)
      ? { entry, count, token }
      : this.#judgeFurther(store, name, { entry, count, token }, tags)
  }

  async #judgeFurther(
    store: CacheClient,
    name: string,
    { entry, count, token }: Reading & { readonly entry: Entry },
    tags: readonly string[],
  ): Promise<Reading> {
    const others = entry.tags.filter((tag) => !tags.includes(tag))
    const more = others.length === 0 ? [] : await store.getMany(others.map((tag) => this.#stamps.of(tag)))
    if (!more.every((stamp) => isCurrent(entry.count, stamp))) return { entry: undefined, count, token }
    if (!hasEnd(entry)) return { entry, count, token }
    const asked = this.#now()
    const endsAt = asked + (await store.timeLeft(name))
    return { entry, count, token, endsAt, freshUntil: endsAt - (entry.graceMs ?? 0) }
  }
}

/** Whether no stamp is later than an entry. The first of what was found is the counter, which says nothing of it. */
function isGrounded({ count }: Entry, ground: Grounds['ground']): boolean {
  for (let place = 1; place < ground.length; place += 1) if (!isCurrent(count, ground[place])) return false
  return true
}

/** After so many looks a change of times is noticed. */
const LOOKS_REMEMBERED = 16

/** What is read of an entry to see what it is: enough for a few dozen tags. */
const HEAD_BYTES = 1024

/** Whether it matters to a reader how much of its life is left. */
function hasEnd({ graceMs = 0, costMs = 0 }: Entry): boolean {
  return graceMs > 0 || costMs > 0
}
