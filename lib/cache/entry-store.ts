import type { CacheClient } from '../client/cache-client'
import type { Stored } from '../client/client-state'
import type { Invalidation } from '../client/invalidation'
import type { MemoryClient } from '../client/memory-client'
import type { ResilientClient } from '../client/resilient-client'
import type { Clock } from '../clock'
import { encodeEntry } from './entry'
import type { Since } from './entry-reader'
import type { EntryTerms } from './entry-terms'
import { Grounding } from './grounding'
import type { HeldLease } from './held-lease'
import type { KeyNames } from './key-names'
import type { NearTier } from './near-tier'
import type { Stamps } from './tags'
import type { Payload } from './payload'

/** How a value is stored that was made since {@link EntryReader.open}. */
export interface WriteOptions {
  /** As {@link Opened} has it. */
  readonly since: Since
  /** How long it is fresh, in milliseconds. */
  readonly ttlMs: number
  /** For how long it may stand in after that, in milliseconds. @default 0 */
  readonly graceMs?: number
  /** How long it took to make, in milliseconds, where it may be made anew before its time is over. @default 0 */
  readonly costMs?: number
  /** What it was made from. */
  readonly tags: readonly string[]
  /** The lease that it needs, where it is made under one: lost, and it is not stored. */
  readonly lease?: HeldLease | undefined
}

const NOTHING = Buffer.alloc(0)

/** How a value is put under a key, in place of whatever is there. */
export interface PutOptions extends EntryTerms {
  /** Whether no later change of the key has overtaken it. */
  readonly isUnderWay: () => boolean
}

interface Parts {
  readonly client: ResilientClient
  readonly memory: MemoryClient
  readonly near: NearTier
  readonly names: KeyNames
  readonly stamps: Stamps
  readonly clock: Clock
  /** The longest that memory keeps anything, in milliseconds. */
  readonly memoryMaxAgeMs: number
  /** Monotonic, in milliseconds. */
  readonly now: () => number
}

/** A value on its way into a store. */
interface Written extends EntryTerms {
  readonly count: string
  readonly costMs?: number | undefined
}

/** How the entries of one namespace are stored, and made void. */
export class EntryStore {
  readonly #client: ResilientClient
  readonly #memory: MemoryClient
  readonly #near: NearTier
  readonly #names: KeyNames
  readonly #clock: Clock
  readonly #stamps: Stamps
  readonly #memoryMaxAgeMs: number
  readonly #grounding: Grounding
  readonly #writes = new Set<Promise<unknown>>()

  constructor({ client, memory, near, names, stamps, clock, memoryMaxAgeMs, now }: Parts) {
    this.#client = client
    this.#memory = memory
    this.#near = near
    this.#names = names
    this.#clock = clock
    this.#stamps = stamps
    this.#memoryMaxAgeMs = memoryMaxAgeMs
    this.#grounding = new Grounding(now)
  }

  /** Which store serves: another number, another store. */
  get era(): number {
    return this.#client.era
  }

  /** Ends a lease, if the store that serves has it. */
  release({ key, token }: HeldLease): void {
    const lease = { key: this.#names.of(key), token }
    void this.#memory.release(lease)
    // There is no other store.
    if (this.#client.state === 'memory') return
    this.hold(this.#client.read((store) => store.release(lease)))
  }

  /** Prolongs leases. @returns those that are lost; of those that another store gave nothing is known. */
  keepLeases(leases: readonly HeldLease[], ttlMs: number): Promise<HeldLease[]> {
    return this.#client.read(async (store) => {
      const present = leases.filter(({ era }) => era === this.#client.era)
      if (present.length === 0) return []
      const named = present.map(({ key, token }) => ({ key: this.#names.of(key), token }))
      const kept = await store.keepLeases(named, ttlMs)
      return present.filter((_lease, index) => kept[index] !== true)
    })
  }

  /**
   * Stores what has been made since {@link EntryReader.open}, unless another store serves by now. The stamps it
   * depends on are made sure of beside it: without them it is a miss, no more.
   */
  async write(key: string, payload: Payload, options: WriteOptions): Promise<Stored> {
    const { since, tags, lease, ttlMs, graceMs = 0, costMs = 0 } = options
    if (since.era !== this.#client.era) return 'none'
    const name = this.#names.of(key)
    const attempt = { isLeaseLost: false }
    const stored = this.#held(
      this.#client.write({
        command: async (store) => {
          const terms = { ttlMs, graceMs, costMs, tags, count: since.count }
          const { bytes, lifeMs } = this.#encode(store, name, payload, terms)
          const put = lease
            ? store
                .setLeased(name, bytes, { token: lease.token, ttlMs: lifeMs })
                .then((isKept) => (attempt.isLeaseLost = !isKept))
            : store.set(name, bytes, lifeMs)
          await Promise.all([this.#ensure(store, { since, tags, lifeMs }), put])
        },
      }),
    )
    const stands = await stored
    // What was there before may have been read meanwhile, and taken to live as long as what is there now.
    this.#near.changed(key)
    return attempt.isLeaseLost ? 'none' : stands
  }

  /** Takes away what a lease was taken to replace, which ends it. What was set meanwhile has ended it, and stays. */
  async drop({ key, token, era }: HeldLease): Promise<Stored> {
    if (era !== this.#client.era) return 'none'
    const name = this.#names.of(key)
    const stands = await this.#held(
      this.#client.write({
        command: async (store) => {
          // Nothing, for a moment: that is no entry, and so a miss.
          await store.setLeased(name, NOTHING, { token, ttlMs: 1 })
        },
      }),
    )
    this.#near.changed(key)
    return stands
  }

  /** Puts a value under a key. What is invalidated from now on makes it void. `'none'` where it has been overtaken. */
  async put(
    key: string,
    payload: Payload,
    { ttlMs, graceMs, tags, isUnderWay }: PutOptions,
  ): Promise<Stored> {
    const name = this.#names.of(key)
    const attempt: { on?: CacheClient; isOvertaken: boolean } = { isOvertaken: false }
    const stored = await this.#client.write({
      command: async (store) => {
        attempt.on = store
        const count = await this.#stamps.ensure(store, tags, ttlMs + graceMs)
        attempt.isOvertaken = !isUnderWay()
        // Redis may answer only when it has been given up and memory has the value.
        if (attempt.isOvertaken || attempt.on !== store) return
        const { bytes, lifeMs } = this.#encode(store, name, payload, { ttlMs, graceMs, tags, count })
        await store.set(name, bytes, lifeMs)
      },
      invalidation: { keys: [name] },
    })
    if (stored === 'redis') await this.#memory.delete([name])
    this.#near.changed(key)
    return attempt.isOvertaken ? 'none' : stored
  }

  /** Makes sure of the stamps, unless they were there just now and have life enough. */
  async #ensure(
    store: CacheClient,
    { since, tags, lifeMs }: Pick<WriteOptions, 'since' | 'tags'> & { readonly lifeMs: number },
  ): Promise<void> {
    const { stamps, ttlMs } = this.#stamps.ground(tags, lifeMs)
    const isSeen = tags.every((tag) => since.grounded?.includes(tag) === true)
    if (isSeen && since.grounded !== undefined && this.#grounding.covers(since.era, stamps, lifeMs)) return
    await this.#stamps.ensure(store, tags, lifeMs)
    this.#grounding.note(since.era, stamps, ttlMs)
  }

  /** What is written, and for how long it lives: memory that stands in keeps nothing for long, the fresh part first. */
  #encode(
    store: CacheClient,
    name: string,
    payload: Payload,
    { ttlMs, graceMs, costMs, tags, count }: Written,
  ): { readonly bytes: Buffer; readonly lifeMs: number } {
    const mostMs = store === this.#memory ? this.#memoryMaxAgeMs : Infinity
    const lifeMs = Math.min(ttlMs + graceMs, mostMs)
    const entry = { count, tags, costMs, graceMs: Math.max(0, lifeMs - ttlMs) }
    return { bytes: encodeEntry(name, payload, entry, this.#clock.now()), lifeMs }
  }

  /** Takes away what is under these keys. */
  delete(keys: readonly string[]): Promise<Stored> {
    return this.#invalidate({ keys: keys.map((key) => this.#names.of(key)) }, () => {
      for (const key of keys) this.#near.changed(key)
    })
  }

  /** Makes void all that depends on these tags. */
  invalidate(tags: readonly string[]): Promise<Stored> {
    return this.#invalidate(this.#stamps.stamping(tags), () => {
      this.#near.changedTags(tags)
    })
  }

  /** Makes void all entries of the namespace. */
  clear(): Promise<Stored> {
    this.#memory.clear()
    // Memory's stamps are gone with it.
    this.#grounding.clear()
    return this.#invalidate(this.#stamps.ground([]), () => {
      this.#near.changedAll()
    })
  }

  /** Makes {@link EntryStore.drain} wait for a write. */
  hold(write: Promise<unknown>): void {
    const held = write.finally(() => this.#writes.delete(held))
    this.#writes.add(held)
  }

  async #invalidate(invalidation: Invalidation, tellNear: () => void): Promise<Stored> {
    tellNear()
    const stored = await this.#held(this.#client.invalidate(invalidation))
    // In memory as well: who finds no room in a Redis that has only just come back reads what memory has.
    if (stored === 'redis' && 'keys' in invalidation) await this.#memory.delete(invalidation.keys)
    else if (stored === 'redis') this.#memory.clear()
    // Once more, for what was read before it was done.
    tellNear()
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
    return this.#names.callersKey(stored)
  }
}
