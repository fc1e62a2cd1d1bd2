import type { RedisClientType } from 'redis'
import { checkOptions, describeValue, oneOf } from '../check-options'
import type { CacheClient } from '../client/cache-client'
import type { ClientEvents, ClientState, Closed, Stored } from '../client/client-state'
import { HistoryProof } from '../client/history-proof'
import { Journal } from '../client/journal'
import { MemoryClient } from '../client/memory-client'
import { ResilientClient } from '../client/resilient-client'
import type { Clock } from '../clock'
import type { Duration } from '../duration'
import { parseDuration } from '../duration'
import { InvalidOptionError } from '../errors'
import type { Health } from '../observe/health'
import { readHealth } from '../observe/health'
import type { CacheStats } from '../observe/stats'
import { Counters, readStats } from '../observe/stats'
import { checkKey } from './cache-key'
import { EntryStore } from './entry-store'
import { Flights } from './flights'
import { Leases } from './leases'
import type { Outcome } from './loads'
import { Loads } from './loads'
import type { CacheConfiguration, CacheOptions } from './options'
import { resolveOptions } from './options'
import { Refusals } from './refusals'
import { checkTags, Stamps } from './tags'
import { ValueCodec } from './value-codec'

/** What a single `set` or `getOrSet` may say beside key, value and ttl. */
export interface EntryOptions {
  /** What the value is made from: `invalidateTags` with one of them makes it void. */
  readonly tags?: readonly string[]
}

/** How many changed keys and tags are noted one by one. */
const MOST_CHANGES = 10_000

/**
 * A cache over Redis, with memory in its place while Redis can't be used. No method rejects because of Redis,
 * and none waits for it longer than `commandTimeout`.
 *
 * What comes out is a copy and the caller's own, and has the type that went in: see {@link richSerializer}.
 */
export class Cache {
  readonly #configuration: CacheConfiguration
  readonly #memory: MemoryClient
  readonly #client: ResilientClient
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
    this.#codec = new ValueCodec(this.#configuration.serializer, this.#configuration.maxValueBytes)
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
    this.#entries = new EntryStore({ client: this.#client, memory: this.#memory, namespace, clock })
    this.#leases = new Leases(this.#entries, () => this.isConnected && primary?.tellsChanges?.() === true)
    this.#loads = new Loads({
      entries: this.#entries,
      leases: this.#leases,
      flights: this.#flights,
      codec: this.#codec,
      counters: this.#counters,
      refusals: new Refusals(this.#counters, logger),
    })
    this.#listen(primary)
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

  /** The entries beneath, for what cannot be made by a loader. @internal */
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
  async get<Value = unknown>(key: string): Promise<Value | undefined> {
    const entry = await this.#entries.find(checkKey(key))
    const found = entry && this.#codec.decode(entry)
    this.#counters.count(found !== undefined)
    return found?.value as Value | undefined
  }

  /** Whether there is a value under a key, be it `undefined` or `null`. */
  async has(key: string): Promise<boolean> {
    const entry = await this.#entries.find(checkKey(key))
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
    const { ttlMs, tags } = this.#entryOptions('set', ttl, options)
    const payload = this.#loads.encode(key, value)
    if (payload === undefined) {
      await this.delete(key)
      return 'none'
    }
    // A flight of its own: who asks for the key meanwhile gets this value, and a later change overtakes it.
    const flight = this.#flights.start(key, { tags, isLoad: false }, async ({ isUnderWay }) => {
      const stored = await this.#entries.put(key, payload, { ttlMs, tags, isUnderWay })
      return { payload, value, isHit: true, stored }
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
   * key at once, one loader runs, and each gets a copy of its own.
   *
   * @param ttl - how long it lives: milliseconds, or a string like `'5m'`; the cache's own ttl if left out.
   * @throws whatever the loader throws, to all who waited for it; it is forgotten then, and the next call tries again.
   * @throws {InvalidOptionError} for a bad ttl or option; {@link InvalidKeyError} for a bad key.
   */
  async getOrSet<Value>(
    key: string,
    loader: () => Value | Promise<Value>,
    ttl?: Duration,
    options?: EntryOptions,
  ): Promise<Value> {
    checkKey(key)
    if (typeof loader !== 'function') {
      throw new InvalidOptionError('getOrSet: loader', `expected a function, got ${describeValue(loader)}`)
    }
    const { ttlMs, tags } = this.#entryOptions('getOrSet', ttl, options)
    return (await this.#loads.value(key, loader, { ttlMs, tags })) as Value
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

  /** Hears of what others change: who waits for a key looks again, and nobody joins a load that began before. */
  #listen(primary: CacheClient | undefined): void {
    this.#client.on('state', ({ to }) => {
      if (to === 'ready') this.#leases.giveBackLeft()
      this.#leases.changed()
    })
    primary?.onChange?.((stored) => {
      const concern = stored === undefined ? undefined : this.#entries.concern(stored)
      if (stored === undefined) this.#leases.changed()
      else if (concern !== undefined && 'tag' in concern) this.#flights.sealTagged(concern.tag)
      else if (concern !== undefined) {
        this.#flights.seal(concern.key)
        this.#leases.changed(concern.key)
      }
    })
  }

  #entryOptions(
    method: string,
    ttl: Duration | undefined,
    options: EntryOptions | undefined,
  ): { ttlMs: number; tags: readonly string[] } {
    const ttlMs = ttl === undefined ? this.#configuration.ttlMs : parseDuration(ttl, `${method}: ttl`)
    if (options === undefined) return { ttlMs, tags: [] }
    checkOptions(method, options, ['tags'])
    const tags = options.tags === undefined ? [] : checkTags(`${method}: tags`, options.tags)
    return { ttlMs, tags: [...new Set(tags)] }
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
