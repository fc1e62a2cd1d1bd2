import type { CacheClient } from '../client/cache-client'
import type { Stored } from '../client/client-state'
import type { Invalidation } from '../client/invalidation'
import type { MemoryClient } from '../client/memory-client'
import type { ResilientClient } from '../client/resilient-client'
import type { Clock } from '../clock'
import type { Entry } from './entry'
import { decodeEntry, encodeEntry } from './entry'
import type { HeldLease } from './held-lease'
import { LEASE_MS } from './held-lease'
import { isCurrent, Stamps } from './tags'
import type { Payload } from './value-codec'

/** A key as it was found, and the namespace's count at that time. */
export interface Opened {
  /** What is there and still right. */
  readonly entry: Entry | undefined
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

interface Reading {
  readonly entry: Entry | undefined
  readonly count: string | undefined
  /** Whether all stamps were there that the caller's tags need. */
  readonly isGrounded: boolean
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

/** How a value is stored that was made since {@link EntryStore.open}. */
export interface WriteOptions {
  /** As {@link Opened} has it. */
  readonly since: Since
  /** How long it lives, in milliseconds. */
  readonly ttlMs: number
  /** What it was made from. */
  readonly tags: readonly string[]
  /** The lease that it needs, where it is made under one: lost, and it is not stored. */
  readonly lease?: HeldLease
}

/** How a value is put under a key, in place of whatever is there. */
export interface PutOptions extends Omit<WriteOptions, 'since' | 'lease'> {
  /** Whether no later change of the key has overtaken it. */
  readonly isUnderWay: () => boolean
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

  /** Finds what is under a key, and notes since when something may be made in its place. */
  open(key: string, tags: readonly string[] = []): Promise<Opened> {
    return this.#client.read((store) => this.#open(store, key, tags))
  }

  /**
   * Looks for what is under a key, and asks for its lease where that is nothing; then it looks once more, for who
   * had the lease before may have stored something. All of it within the budget of one command.
   */
  claim<Found>(key: string, { tags, newToken, read }: ClaimOptions<Found>): Promise<Claimed<Found>> {
    const name = this.#name(key)
    return this.#client.read(async (store) => {
      const first = await this.#open(store, key, tags)
      const found = read(first)
      if (found !== undefined) return { found, since: first.since, waitMs: 0 }
      const token = newToken()
      const [waitMs, { entry, since }] = await Promise.all([
        store.lease(name, token, LEASE_MS),
        this.#open(store, key, tags),
      ])
      const late = read({ entry, since })
      if (late !== undefined && waitMs === 0) await store.release({ key: name, token })
      return { found: late, since, waitMs }
    })
  }

  /** Which store serves: another number, another store. */
  get era(): number {
    return this.#client.era
  }

  /** Ends a lease, if the store that serves has it. */
  release({ key, token }: HeldLease): void {
    const lease = { key: this.#name(key), token }
    void this.#memory.release(lease)
    this.hold(this.#client.read((store) => store.release(lease)))
  }

  /** Prolongs leases. @returns those that are lost; of those that another store gave nothing is known. */
  keepLeases(leases: readonly HeldLease[], ttlMs: number): Promise<HeldLease[]> {
    return this.#client.read(async (store) => {
      const present = leases.filter(({ era }) => era === this.#client.era)
      if (present.length === 0) return []
      const named = present.map(({ key, token }) => ({ key: this.#name(key), token }))
      const kept = await store.keepLeases(named, ttlMs)
      return present.filter((_lease, index) => kept[index] !== true)
    })
  }

  /** Finds what is under a key. */
  async find(key: string): Promise<Entry | undefined> {
    const { entry } = await this.#client.read((store) => this.#read(store, key, []))
    return entry
  }

  /**
   * Stores what has been made since {@link EntryStore.open}, unless another store serves by now. The stamps it
   * depends on are made sure of beside it: without them it is a miss, no more.
   */
  async write(key: string, payload: Payload, { since, ttlMs, tags, lease }: WriteOptions): Promise<Stored> {
    if (since.era !== this.#client.era) return 'none'
    const name = this.#name(key)
    const bytes = encodeEntry(name, { ...payload, count: since.count, tags }, this.#clock.now())
    const attempt = { isLeaseLost: false }
    const stored = this.#held(
      this.#client.write({
        command: async (store) => {
          const put = lease
            ? store
                .setLeased(name, bytes, { token: lease.token, ttlMs })
                .then((isKept) => (attempt.isLeaseLost = !isKept))
            : store.set(name, bytes, ttlMs)
          await Promise.all([this.#count(store, tags, ttlMs), put])
        },
      }),
    )
    const stands = await stored
    return attempt.isLeaseLost ? 'none' : stands
  }

  /** Puts a value under a key. What is invalidated from now on makes it void. `'none'` where it has been overtaken. */
  async put(key: string, payload: Payload, { ttlMs, tags, isUnderWay }: PutOptions): Promise<Stored> {
    const name = this.#name(key)
    const attempt: { on?: CacheClient; isOvertaken: boolean } = { isOvertaken: false }
    const stored = await this.#client.write({
      command: async (store) => {
        attempt.on = store
        const count = await this.#count(store, tags, ttlMs)
        attempt.isOvertaken = !isUnderWay()
        // Redis may answer only when it has been given up and memory has the value.
        if (attempt.isOvertaken || attempt.on !== store) return
        await store.set(name, encodeEntry(name, { ...payload, count, tags }, this.#clock.now()), ttlMs)
      },
      invalidation: { keys: [name] },
    })
    if (stored === 'redis') await this.#memory.delete([name])
    return attempt.isOvertaken ? 'none' : stored
  }

  /** Takes away what is under a key. */
  delete(key: string): Promise<Stored> {
    return this.#held(this.#invalidate({ keys: [this.#name(key)] }))
  }

  /** Makes void all that depends on these tags. */
  invalidate(tags: readonly string[]): Promise<Stored> {
    return this.#held(this.#invalidate(this.#stamps.stamping(tags)))
  }

  /** Makes void all entries of the namespace. */
  clear(): Promise<Stored> {
    this.#memory.clear()
    return this.#held(this.#invalidate(this.#stamps.ground([])))
  }

  /** Makes {@link EntryStore.drain} wait for a write. */
  hold(write: Promise<unknown>): void {
    const held = write.finally(() => this.#writes.delete(held))
    this.#writes.add(held)
  }

  /** In memory as well: who finds no room in a Redis that has only just come back reads what memory has. */
  async #invalidate(invalidation: Invalidation): Promise<Stored> {
    const stored = await this.#client.invalidate(invalidation)
    if (stored !== 'redis') return stored
    if ('keys' in invalidation) await this.#memory.delete(invalidation.keys)
    else this.#memory.clear()
    return stored
  }

  #held<Result>(change: Promise<Result>): Promise<Result> {
    this.hold(change)
    return change
  }

  /** Resolves when nothing is being written any more. */
  async drain(): Promise<void> {
    await Promise.all(this.#writes)
  }

  /** What a change of a stored key concerns: a key of the caller's, a tag, everything, or nothing of ours. */
  concern(stored: string): { readonly key: string } | { readonly tag: string | undefined } | undefined {
    const tag = this.#stamps.tagOf(stored)
    if (tag !== undefined || stored === this.#stamps.floor) return { tag }
    const key = this.callersKey(stored)
    return key === undefined ? undefined : { key }
  }

  /** The caller's name for a stored key; `undefined` where it is none of this namespace's entries. */
  callersKey(stored: string): string | undefined {
    if (!stored.startsWith(this.#prefix)) return undefined
    const name = stored.slice(this.#prefix.length)
    if (name.startsWith(ESCAPE)) return name.slice(ESCAPE.length)
    return RESERVED.test(name) ? undefined : name
  }

  async #open(store: CacheClient, key: string, tags: readonly string[]): Promise<Opened> {
    const { era } = this.#client
    const { entry, count, isGrounded } = await this.#read(store, key, tags)
    if (entry !== undefined) return { entry, since: { count: entry.count, era } }
    // A stamp that is first written behind the load might be later than its beginning.
    const isKnown = isGrounded && count !== undefined
    return { entry, since: { count: isKnown ? count : await this.#count(store, tags), era } }
  }

  /** One round trip, and one more only for an entry with tags that the caller didn't name. */
  async #read(store: CacheClient, key: string, tags: readonly string[]): Promise<Reading> {
    const { counter, floor } = this.#stamps
    const name = this.#name(key)
    const stampKeys = tags.map((tag) => this.#stamps.of(tag))
    const [bytes, count, ...stamps] = await store.getMany([name, counter, floor, ...stampKeys])
    const isGrounded = stamps.every((stamp) => stamp !== undefined)
    const miss = { entry: undefined, count: count?.toString('latin1'), isGrounded }
    const entry = decodeEntry(name, bytes)
    if (entry === undefined) return miss

    const others = entry.tags.filter((tag) => !tags.includes(tag)).map((tag) => this.#stamps.of(tag))
    if (others.length > 0) stamps.push(...(await store.getMany(others)))
    return stamps.every((stamp) => isCurrent(entry.count, stamp)) ? { ...miss, entry } : miss
  }

  /** The count as it stands, with the stamps of these tags made sure of. */
  #count(store: CacheClient, tags: readonly string[], ttl?: number): Promise<string> {
    const { counter, stamps, ttlMs } = this.#stamps.ground(tags, ttl)
    return store.ensureStamps(counter, stamps, ttlMs)
  }

  #name(key: string): string {
    return RESERVED.test(key) ? `${this.#prefix}${ESCAPE}${key}` : `${this.#prefix}${key}`
  }
}
