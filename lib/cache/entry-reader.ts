import type { CacheClient } from '../client/cache-client'
import type { ResilientClient } from '../client/resilient-client'
import { decodeEntry } from './entry'
import { LEASE_MS } from './held-lease'
import type { KeyNames } from './key-names'
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
}

interface Reading extends Read {
  /** Where there is no entry, the count to make one with, if all stamps were there that the caller's tags need. */
  readonly count?: string | undefined
}

/** A key as it is after its lease was asked for. */
export interface Claimed<Found> {
  /** What is there, as it was read; then there is no need of a lease. */
  readonly found: Found | undefined
  /** As {@link Opened} has it. */
  readonly since: Since
  /** 0 where the lease is ours; else how long it is somebody else's, in milliseconds. */
  readonly waitMs: number
}

/** What a key is claimed for. */
export interface ClaimOptions<Found> {
  /** What the value would depend on. */
  readonly tags: readonly string[]
  /** Makes the token of the lease that is asked for, if one is. */
  readonly newToken: () => string
  /** Reads what is there; `undefined` where it can't be read. */
  readonly read: (opened: Opened) => Found | undefined
}

interface Parts {
  readonly client: ResilientClient
  readonly near: NearTier
  readonly names: KeyNames
  readonly stamps: Stamps
}

/** Finds the entries of one namespace by key: right only as long as nothing they depend on was invalidated. */
export class EntryReader {
  readonly #client: ResilientClient
  readonly #near: NearTier
  readonly #names: KeyNames
  readonly #stamps: Stamps

  constructor({ client, near, names, stamps }: Parts) {
    this.#client = client
    this.#near = near
    this.#names = names
    this.#stamps = stamps
  }

  /** Finds what is under a key. */
  find(key: string): Promise<Read> {
    return this.#client.read((store) => this.#read(store, key, []))
  }

  /** Finds what is under a key, and notes since when something may be made in its place. */
  open(key: string, tags: readonly string[] = []): Promise<Opened> {
    return this.#client.read((store) => this.#open(store, key, tags))
  }

  /**
   * Looks for what is under a key, and takes its lease where that is nothing, in one step. Where something is there
   * that is of no use it takes two, and looks once more: who had the lease before may have stored something. All of it
   * within the budget of one command.
   */
  claim<Found>(key: string, { tags, newToken, read }: ClaimOptions<Found>): Promise<Claimed<Found>> {
    const name = this.#names.of(key)
    return this.#client.read(async (store) => {
      const { era } = this.#client
      const token = newToken()
      const near = this.#near.begin(store)
      const { values, waitMs: isLeased } = await store.claim(this.#placesOf(name, tags), token, LEASE_MS)
      const first = await this.#judge(store, name, tags, values)
      const opened = await this.#since(store, { ...first, token: near }, { era, tags })
      const found = read(opened)
      if (found !== undefined || isLeased !== undefined)
        return { found, since: opened.since, waitMs: isLeased ?? 0 }
      const [waitMs, again] = await Promise.all([
        store.lease(name, token, LEASE_MS),
        this.#open(store, key, tags),
      ])
      const late = read(again)
      if (late !== undefined && waitMs === 0) await store.release({ key: name, token })
      return { found: late, since: again.since, waitMs }
    })
  }

  async #open(store: CacheClient, key: string, tags: readonly string[]): Promise<Opened> {
    const { era } = this.#client
    return this.#since(store, await this.#read(store, key, tags), { era, tags })
  }

  /** A stamp that is first written behind the load might be later than its beginning. */
  async #since(
    store: CacheClient,
    { entry, token, count }: Reading,
    { era, tags }: { readonly era: number; readonly tags: readonly string[] },
  ): Promise<Opened> {
    if (entry !== undefined) return { entry, token, since: { count: entry.count, era } }
    return { entry, token, since: { count: count ?? (await this.#stamps.ensure(store, tags)), era } }
  }

  async #read(store: CacheClient, key: string, tags: readonly string[]): Promise<Reading> {
    const name = this.#names.of(key)
    const token = this.#near.begin(store)
    const found = await store.getMany(this.#placesOf(name, tags))
    return { ...(await this.#judge(store, name, tags, found)), token }
  }

  #placesOf(name: string, tags: readonly string[]): [string, ...string[]] {
    const places: [string, ...string[]] = [name, this.#stamps.counter, this.#stamps.floor]
    for (const tag of tags) places.push(this.#stamps.of(tag))
    return places
  }

  /** Says what is right of what was found. One more round trip for an entry with tags that the caller didn't name. */
  async #judge(
    store: CacheClient,
    name: string,
    tags: readonly string[],
    found: readonly (Buffer | undefined)[],
  ): Promise<Omit<Reading, 'token'>> {
    const [bytes, count] = found
    const entry = decodeEntry(name, bytes)
    if (entry !== undefined) {
      const stamps = found.slice(2)
      const others = entry.tags.filter((tag) => !tags.includes(tag))
      if (others.length > 0) stamps.push(...(await store.getMany(others.map((tag) => this.#stamps.of(tag)))))
      if (stamps.every((stamp) => isCurrent(entry.count, stamp))) return { entry }
    }
    const isGrounded = found.every((value, place) => value !== undefined || place === 0)
    return { entry: undefined, count: isGrounded ? count?.toString('latin1') : undefined }
  }
}
