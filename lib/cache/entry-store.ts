import type { Stored } from '../client/client-state'
import type { MemoryClient } from '../client/memory-client'
import type { ResilientClient } from '../client/resilient-client'
import type { Clock } from '../clock'
import type { Entry, Payload } from './entry'
import { decodeEntry, encodeEntry } from './entry'
import { isCurrent, Stamps } from './tags'

/** A key as it was found, and the namespace's count at that time. */
export interface Opened {
  /** What is there and still right. */
  readonly entry: Entry | undefined
  /** What a value made from here on is to be stored with: an invalidation after this moment wins over it. */
  readonly count: string
}

interface Reading {
  readonly entry: Entry | undefined
  readonly count: string | undefined
  /** Whether all stamps were there that the caller's tags need. */
  readonly isGrounded: boolean
}

/** How a value is stored that was made since {@link EntryStore.open}. */
export interface WriteOptions {
  /** The count of that time: what was invalidated later makes it void. */
  readonly count: string
  /** How long it lives, in milliseconds. */
  readonly ttlMs: number
  /** What it was made from. */
  readonly tags: readonly string[]
  /** Whether what Redis has under the key is wrong from now on. @default false: a load */
  readonly isChange?: boolean
}

interface Parts {
  readonly client: ResilientClient
  readonly memory: MemoryClient
  readonly namespace: string
  readonly clock: Clock
}

/** Names that are holdfast's own; a caller's key that begins like one is kept apart from them. */
const RESERVED = /^holdfast:|(^|:)blacklist:/
const ESCAPE = 'holdfast:key:'

/** The entries of one namespace: found by key, valid only as long as nothing they depend on was invalidated. */
export class EntryStore {
  readonly #client: ResilientClient
  readonly #memory: MemoryClient
  readonly #prefix: string
  readonly #clock: Clock
  readonly #stamps: Stamps
  readonly #writes = new Set<Promise<unknown>>()

  constructor({ client, memory, namespace, clock }: Parts) {
    this.#client = client
    this.#memory = memory
    this.#prefix = namespace === '' ? '' : `${namespace}:`
    this.#clock = clock
    this.#stamps = new Stamps(namespace)
  }

  /** Finds what is under a key, and notes the count for what may be made in its place. */
  async open(key: string, tags: readonly string[] = []): Promise<Opened> {
    const { entry, count, isGrounded } = await this.#read(key, tags)
    if (entry !== undefined) return { entry, count: entry.count }
    // A stamp that is first written behind the load might be later than its beginning.
    return { entry, count: isGrounded && count !== undefined ? count : await this.count(tags) }
  }

  /** Finds what is under a key. */
  async find(key: string): Promise<Entry | undefined> {
    const { entry } = await this.#read(key, [])
    return entry
  }

  /** The count as it stands, with the stamps of these tags made sure of. */
  count(tags: readonly string[], ttlMs?: number): Promise<string> {
    return this.#client.ensureStamps(this.#stamps.ground(tags, ttlMs))
  }

  /** Stores a value. The stamps it depends on are made sure of beside it: without them it is a miss, no more. */
  write(
    key: string,
    payload: Payload,
    { count, ttlMs, tags, isChange = false }: WriteOptions,
  ): Promise<Stored> {
    const name = this.#name(key)
    const bytes = encodeEntry(name, { ...payload, count, tags }, this.#clock.now())
    const stamps = this.count(tags, ttlMs)
    const stored = this.#client.set(name, bytes, ttlMs, { isChange })
    this.hold(Promise.all([stamps, stored]))
    return stored
  }

  /** Takes away what is under a key. */
  delete(key: string): Promise<Stored> {
    return this.#client.delete([this.#name(key)])
  }

  /** Makes void all that depends on these tags. */
  invalidate(tags: readonly string[]): Promise<Stored> {
    return this.#client.stamp(this.#stamps.stamping(tags))
  }

  /** Makes void all entries of the namespace. */
  clear(): Promise<Stored> {
    this.#memory.clear()
    return this.#client.stamp(this.#stamps.ground([]))
  }

  /** Makes {@link EntryStore.drain} wait for a write. */
  hold(write: Promise<unknown>): void {
    const held = write.finally(() => this.#writes.delete(held))
    this.#writes.add(held)
  }

  /** Resolves when nothing is being written any more. */
  async drain(): Promise<void> {
    await Promise.all(this.#writes)
  }

  /** The caller's name for a stored key; `undefined` where it is none of this namespace's entries. */
  callersKey(stored: string): string | undefined {
    if (!stored.startsWith(this.#prefix)) return undefined
    const name = stored.slice(this.#prefix.length)
    if (name.startsWith(ESCAPE)) return name.slice(ESCAPE.length)
    return RESERVED.test(name) ? undefined : name
  }

  /** One round trip, and one more only for an entry with tags that the caller didn't name. */
  async #read(key: string, tags: readonly string[]): Promise<Reading> {
    const { counter, floor } = this.#stamps
    const name = this.#name(key)
    const stampKeys = tags.map((tag) => this.#stamps.of(tag))
    const [bytes, count, ...stamps] = await this.#client.getMany([name, counter, floor, ...stampKeys])
    const isGrounded = stamps.every((stamp) => stamp !== undefined)
    const miss = { entry: undefined, count: count?.toString('latin1'), isGrounded }
    const entry = decodeEntry(name, bytes)
    if (entry === undefined) return miss

    const others = entry.tags.filter((tag) => !tags.includes(tag)).map((tag) => this.#stamps.of(tag))
    if (others.length > 0) stamps.push(...(await this.#client.getMany(others)))
    return stamps.every((stamp) => isCurrent(entry.count, stamp)) ? { ...miss, entry } : miss
  }

  #name(key: string): string {
    return RESERVED.test(key) ? `${this.#prefix}${ESCAPE}${key}` : `${this.#prefix}${key}`
  }
}
