import type { RedisClientType } from 'redis'
import { describeValue, oneOf } from '../check-options'
import type { ClientEvents, ClientState, Closed, Stored } from '../client/client-state'
import { HistoryProof } from '../client/history-proof'
import { Journal } from '../client/journal'
import { MemoryClient } from '../client/memory-client'
import { ResilientClient } from '../client/resilient-client'
import type { Clock } from '../clock'
import type { Duration } from '../duration'
import { InvalidOptionError } from '../errors'
import type { Health } from '../observe/health'
import { readHealth } from '../observe/health'
import type { CacheStats } from '../observe/stats'
import { Counters, readStats } from '../observe/stats'
import { checkKey } from './cache-key'
import { followChanges } from './change-feed'
import type { EntryOptions } from './entry-options'
import { readEntryOptions } from './entry-options'
import { EntryReader } from './entry-reader'
import { EntryStore } from './entry-store'
import { Flights } from './flights'
import { KeyNames } from './key-names'
import { Leases } from './leases'
import type { Outcome } from './loads'
import { Loads } from './loads'
import { NearTier, NOT_NEAR } from './near-tier'
import type { CacheConfiguration, CacheOptions } from './options'
import { resolveOptions } from './options'
import { Refusals } from './refusals'
import { checkTags, Stamps } from './tags'
import { ValueCodec } from './value-codec'

/** How many changed keys and tags are noted one by one. */
const MOST_CHANGES = 10_000

/**
 * A cache over Redis, with memory in its place while Redis can't be used. No method rejects because of Redis,
 * and none waits for it longer than `commandTimeout`.
 *
 * What comes out has the type that went in, see {@link richSerializer}. Plain JSON is frozen and one value for all its
 * readers; of anything else, and with `nearCache: false`, each gets a copy of his own.
 */
export class Cache {
  readonly #configuration: CacheConfiguration
  readonly #memory: MemoryClient
  readonly #client: ResilientClient
  readonly #near: NearTier
  readonly #reader: EntryReader
  readonly #entries: EntryStore
  readonly #flights = new Flights<Outcome>()
  readonly #counters = new Counters()
  readonly #codec: ValueCodec
  readonly #leases: Leases
  readonly #loads: Loads

  /** See {@link createCache}. */
  constructor(options?: CacheOptions) {
    this.#configuration = resolveOptions(options)
    const { primary, namespace, memory, clock, logger, commandTimeoutMs } = this.#configuration
    const isSharing = this.#configuration.near !== undefined
    this.#codec = new ValueCodec({ ...this.#configuration, isSharing })
    this.#memory = new MemoryClient(memory, clock)
    const stamps = new Stamps(namespace)
    this.#client = new ResilientClient({
      primary,
      memory: this.#memory,
      journal: new Journal(MOST_CHANGES, stamps.ground([])),
      history: new HistoryProof(stamps.anchors, MOST_CHANGES),
      commandTimeoutMs,
      logger,
    })
    const store = { client: this.#client, memory: this.#memory, names: new KeyNames(namespace), clock }
    this.#near = new NearTier({ ...store, primary, codec: this.#codec, bounds: this.#configuration.near })
    this.#reader = new EntryReader({ ...store, near: this.#near, stamps })
    this.#entries = new EntryStore({ ...store, near: this.#near, stamps })
    this.#leases = new Leases(
      this.#reader,
      this.#entries,
      () => this.isConnected && primary?.tellsChanges?.() === true,
    )
    const parts = { entries: this.#entries, near: this.#near, leases: this.#leases, flights: this.#flights }
    const refusals = new Refusals(this.#counters, logger)
    this.#loads = new Loads({ ...parts, codec: this.#codec, counters: this.#counters, refusals })
    followChanges({ ...parts, client: this.#client, primary })
  }

  /** Whether Redis is in use now. */
  get isConnected(): boolean {
    return this.#client.state === 'ready'
  }

  /** Which store serves, and why. */
  get state(): ClientState {
    return this.#client.state
  }

  /**
   * The node-redis client beneath, for commands that the cache has no word for, if there is one. It rejects
   * while Redis is away.
   */
  get redis(): RedisClientType | undefined {
    const { primary } = this.#configuration
    return primary !== undefined && 'redis' in primary ? (primary.redis as RedisClientType) : undefined
  }

  /** What its keys begin with; `''` for nothing. */
  get namespace(): string {
    return this.#configuration.namespace
  }

  /** The client beneath, for parts of holdfast that keep state of their own. @internal */
  get client(): ResilientClient {
    return this.#client
  }

  /** What finds the entries, for what cannot be made by a loader. @internal */
  get reader(): EntryReader {
    return this.#reader
  }

  /** What stores them. @internal */
  get entries(): EntryStore {
    return this.#entries
  }

  /** What this cache counts. @internal */
  get counters(): Counters {
    return this.#counters
  }

  /** Where this cache's time comes from. @internal */
  get clock(): Clock {
    return this.#configuration.clock
  }

  /** Adds a listener. Returns the function that takes it away again. */
  on<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => void): () => void {
    oneOf('on', name, ['state', 'degraded', 'recovered'], 'state')
    return this.#client.on(name, listener)
  }

  /** The value under a key; `undefined` is a miss. The type is the caller's word: nothing checks it. */
  get<Value = unknown>(key: string): Promise<Value | undefined> {
    const near = this.#near.find(key)
    if (near === NOT_NEAR) return this.#get(key) as Promise<Value | undefined>
    this.#counters.hits += 1
    return Promise.resolve(near as Value)
  }

  /** Whether there is a value under a key, be it `undefined` or `null`. */
  async has(key: string): Promise<boolean> {
    if (this.#near.find(key) !== NOT_NEAR) return true
    const { entry } = await this.#reader.find(checkKey(key))
    return entry !== undefined && this.#codec.canRead(entry)
  }

  /**
   * Puts a value under a key, in place of whatever is there.
   *
   * @param ttl - how long it lives: milliseconds, or a string like `'5m'`; the cache's own ttl if left out.
   * @returns where it stands. `'none'`: it cannot be written (a function, a promise, more than `maxValueBytes`), Redis
   *   refused it, a later change of the key has overtaken it, or the cache is closed.
   * @throws {InvalidOptionError} for a bad ttl or option; {@link InvalidKeyError} for a bad key.
   */
  async set(key: string, value: unknown, ttl?: Duration, options?: EntryOptions): Promise<Stored> {
    checkKey(key)
    const { ttlMs, tags } = readEntryOptions('set', this.#configuration, ttl, options)
    const payload = this.#loads.encode(key, value)
    if (payload === undefined) {
      await this.delete(key)
      return 'none'
    }
    // A flight of its own: who asks for the key meanwhile gets this value, and a later change overtakes it.
    this.#near.changed(key)
    const flight = this.#flights.start(key, { tags, isLoad: false }, async ({ isUnderWay }) => {
      const stored = await this.#entries.put(key, payload, { ttlMs, tags, isUnderWay })
      return { payload, value, isShared: false, isHit: true, stored }
    })
    this.#entries.hold(flight.outcome)
    return (await flight.outcome).stored ?? 'none'
  }

  /** Takes the value of a key away. A load of it that is under way will not be stored. */
  async delete(key: string): Promise<Stored> {
    checkKey(key)
    this.#flights.dismiss(key)
    return this.#entries.delete(key)
  }

  /**
   * The value under a key; where there is none, the loader's, which is stored. However many callers ask for a
   * key at once, one loader runs, and all get what is stored.
   *
   * @param ttl - how long it lives: milliseconds, or a string like `'5m'`; the cache's own ttl if left out.
   * @throws whatever the loader throws, to all who waited for it; it is forgotten then, and the next call tries again.
   * @throws {InvalidOptionError} for a bad ttl or option; {@link InvalidKeyError} for a bad key.
   */
  getOrSet<Value>(
    key: string,
    loader: () => Value | Promise<Value>,
    ttl?: Duration,
    options?: EntryOptions,
  ): Promise<Value> {
    const near = this.#near.find(key)
    if (near === NOT_NEAR) return this.#getOrSet(key, loader, ttl, options) as Promise<Value>
    this.#counters.hits += 1
    return Promise.resolve(near as Value)
  }

  /**
   * Makes void whatever depends on one of these tags, here and in every other process on the same Redis, also
   * what is being loaded meanwhile. Costs the same however much that is.
   */
  async invalidateTags(...tags: string[]): Promise<Stored> {
    checkTags('invalidateTags', tags)
    if (tags.length === 0)
      throw new InvalidOptionError('invalidateTags', 'expected at least one tag, got none')
    this.#flights.dismissTagged(tags)
    return this.#entries.invalidate(tags)
  }

  /** Makes void all values of this namespace, and nothing else: revocations and other people's keys stay. */
  clear(): Promise<Stored> {
    this.#flights.dismissAll()
    return this.#entries.clear()
  }

  /** What the cache has counted, and what the store that serves says of itself. */
  getStats(): Promise<CacheStats> {
    const nameKey = (stored: string): string | undefined => this.#entries.callersKey(stored)
    return readStats(this.#client, this.#memory, this.#counters.tally(), nameKey)
  }

  /** How the cache is, for a health route. */
  health(): Promise<Health> {
    return readHealth(this.#client)
  }

  /**
   * Ends the connection, after what is being stored. From then on reads miss and writes answer `'none'`. During
   * an outage it tries once, for at most a second, to bring over what was changed. Idempotent.
   *
   * @returns what Redis has not got and nobody is going to tell it any more.
   */
  async close(): Promise<Closed> {
    this.#leases.end()
    await this.#entries.drain()
    return this.#client.close()
  }

  async #get(key: string): Promise<unknown> {
    const read = await this.#reader.find(checkKey(key))
    const found = read.entry && this.#codec.decode(read.entry)
    this.#counters.count(found !== undefined)
    if (found !== undefined) this.#near.keep(key, read, found)
    return found?.value
  }

  async #getOrSet(
    key: string,
    loader: () => unknown,
    ttl: Duration | undefined,
    options: EntryOptions | undefined,
  ): Promise<unknown> {
    checkKey(key)
    if (typeof loader !== 'function') {
      throw new InvalidOptionError('getOrSet: loader', `expected a function, got ${describeValue(loader)}`)
    }
    const { ttlMs, tags } = readEntryOptions('getOrSet', this.#configuration, ttl, options)
    return this.#loads.value(key, loader, { ttlMs, tags })
  }
}

/**
 * Makes a cache. It starts to connect at once and serves from memory until it has; it never waits and never
 * fails because of Redis.
 *
 * @example
 * const cache = createCache({ namespace: 'school' })
 * const roles = await cache.getOrSet('roles', () => db.roles(), '1h')
 *
 * @throws {InvalidOptionError} naming the option; {@link InvalidEnvironmentError} naming the variable.
 */
export function createCache(options?: CacheOptions): Cache {
  return new Cache(options)
}
