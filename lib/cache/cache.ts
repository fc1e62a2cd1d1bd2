import { describeValue } from '../check-options'
import type { Stored } from '../client/client-state'
import { weakest } from '../client/client-state'
import { InvalidOptionError } from '../errors'
import { inParts } from '../in-parts'
import { CacheBase } from './cache-base'
import { CacheCore } from './cache-core'
import { checkKey, checkKeys } from './cache-key'
import { checkNamespace, resolveOptions } from './configuration'
import type { EntryDefaults, EntryOptions, LoadCall, LoadOptions, Ttl } from './entry-options'
import { readEntryOptions, readLoadOptions } from './entry-options'
import { termsFor } from './entry-terms'
import type { LoadContext } from './load-context'
import {
  loadMany,
  MOST_DELETED_AT_ONCE,
  MOST_LOADED_AT_ONCE,
  MOST_SET_AT_ONCE,
  readEntries,
} from './load-many'
import type { Loader } from './loads'
import { lookUp, lookUpMany } from './look-up'
import { DUE, NOT_NEAR } from './near-tier'
import type { CacheOptions } from './options'
import { LONGEST_NAME, Scope } from './scope'
import { checkTags } from './tags'

/** What a call of a cached function says of its load. @internal */
export type SayOfCall = (self: unknown, args: unknown[]) => LoadCall

/**
 * A cache over Redis, with memory in its place while Redis can't be used. No method rejects because of Redis,
 * and none waits for it longer than `commandTimeout`.
 *
 * What comes out has the type that went in, see {@link richSerializer}. Plain JSON is frozen and one value for all its
 * readers; of anything else, and with `nearCache: false`, each gets a copy of his own.
 */
export class Cache extends CacheBase {
  readonly #prefix: string
  readonly #defaults: EntryDefaults

  /** See {@link createCache}. @internal */
  constructor(core: CacheCore, scope = Scope.whole) {
    super(core, scope)
    this.#prefix = scope.prefix
    this.#defaults = { ttlMs: core.configuration.ttlMs, scope }
  }

  /**
   * A part of this cache with keys and tags of its own, for a tenant, say: over the same connection, and cleared by
   * itself. To clear this cache clears it too; to close one is to close all.
   *
   * @param name - what its keys begin with, before a colon; with colons, a part of a part.
   * @throws {InvalidOptionError} for a name that is empty or has blanks or braces.
   */
  namespace(name: string): Cache {
    const parts = checkNamespace('namespace', name).split(':')
    if (parts.includes(''))
      throw new InvalidOptionError(
        'namespace',
        `expected a name that is not empty, got ${describeValue(name)}`,
      )
    return new Cache(
      this.core,
      parts.reduce((scope, part) => scope.within(part), this.scope),
    )
  }

  /** The value under a key; `undefined` is a miss. The type is the caller's word: nothing checks it. */
  get<Value = unknown>(key: string): Promise<Value | undefined> {
    const name = this.#nearName(key)
    const near = this.core.near.find(name)
    if (near === NOT_NEAR) return this.#get(key) as Promise<Value | undefined>
    this.core.counters.hits += 1
    return Promise.resolve(near as Value)
  }

  /** The values under these keys, by key: those that are there. */
  async getMany<Value = unknown>(keys: readonly string[]): Promise<Map<string, Value>> {
    const all = checkKeys(keys)
    const names = all.map((key) => this.scope.key(key))
    const found = await lookUpMany(this.core, names, this.scope.tags)
    const values = new Map<string, Value>()
    for (const [place, key] of all.entries()) {
      const one = found[place]
      if (one !== undefined) values.set(key, one.value as Value)
    }
    return values
  }

  /** Whether there is a value under a key, be it `undefined` or `null`. The value itself is not fetched. */
  async has(key: string): Promise<boolean> {
    const name = this.#nameOf(key)
    const { near, reader, codec } = this.core
    if (near.find(name) !== NOT_NEAR) return true
    return reader.has(name, this.scope.tags, (kind) => codec.canRead({ kind }))
  }

  /**
   * Puts a value under a key, in place of whatever is there.
   *
   * @param ttl - how long it lives: milliseconds, or a string like `'5m'`; the cache's own ttl if left out.
   * @returns where it stands. `'none'`: it cannot be written (a function, a promise, more than `maxValueBytes`), Redis
   *   refused it, a later change of the key has overtaken it, or the cache is closed.
   * @throws {InvalidOptionError} for a bad ttl or option; {@link InvalidKeyError} for a bad key.
   */
  async set<Value>(
    key: string,
    value: Value,
    ttl?: Ttl<NoInfer<Value>>,
    options?: EntryOptions<NoInfer<Value>>,
  ): Promise<Stored> {
    const name = this.#nameOf(key)
    const { loads, near, flights, entries, codec, configuration } = this.core
    const plan = readEntryOptions('set', this.#defaults, { ttl, options })
    const terms = termsFor('set', plan, value, configuration)
    const payload = loads.encode(name, value)
    if (payload === undefined) {
      await this.delete(key)
      return 'none'
    }
    // A flight of its own: who asks for the key meanwhile gets this value, and a later change overtakes it.
    near.changed(name)
    const traits = { tags: terms.tags, isLoad: false, isOpen: false }
    const flight = flights.start(name, traits, async (control) => {
      const isUnderWay = (): boolean => control.isUnderWay()
      const stored = await entries.put(name, await codec.pack(payload), { ...terms, isUnderWay })
      return { payload, value, isShared: false, isHit: true, stored }
    })
    entries.hold(flight.outcome)
    return (await flight.outcome).stored ?? 'none'
  }

  /**
   * Puts many values under their keys, each as `set` does.
   *
   * @returns the least of where they stand: `'redis'` where all of them are in Redis.
   */
  async setMany<Value>(
    entries: Iterable<readonly [key: string, value: Value]>,
    ttl?: Ttl<NoInfer<Value>>,
    options?: EntryOptions<NoInfer<Value>>,
  ): Promise<Stored> {
    const all = readEntries(entries)
    checkKeys([...all.keys()])
    const stood: Stored[] = []
    // So many at a time that they are no burst to Redis.
    for (const some of inParts([...all], MOST_SET_AT_ONCE))
      stood.push(...(await Promise.all(some.map(([key, value]) => this.set(key, value, ttl, options)))))
    return weakest(stood)
  }

  /** Takes the value of a key away. A load of it that is under way will not be stored. */
  async delete(key: string): Promise<Stored> {
    return this.#delete([this.#nameOf(key)])
  }

  /** The same for many keys at once. */
  async deleteMany(keys: readonly string[]): Promise<Stored> {
    const names = checkKeys(keys).map((key) => this.scope.key(key))
    if (names.length <= MOST_DELETED_AT_ONCE) return this.#delete(names)
    const stood: Stored[] = []
    for (const some of inParts(names, MOST_DELETED_AT_ONCE)) stood.push(await this.#delete(some))
    return weakest(stood)
  }

  /**
   * The value under a key; where there is none, the loader's, which is stored. However many callers ask for a
   * key at once, one loader runs, and all get what is stored.
   *
   * @param ttl - how long it lives: milliseconds, or a string like `'5m'`; the cache's own ttl if left out.
   * @throws whatever the loader throws, to all who waited for it; it is forgotten then, and the next call tries again.
   * @throws {InvalidOptionError} for a bad ttl or option; {@link InvalidKeyError} for a bad key;
   *   {@link LoaderTimeoutError} where there is nothing within `loaderTimeout`.
   */
  getOrSet<Value>(
    key: string,
    loader: (context: LoadContext<NoInfer<Value>>) => Value | Promise<Value>,
    ttl?: Ttl<NoInfer<Value>>,
    options?: LoadOptions<NoInfer<Value>>,
  ): Promise<Value> {
    const name = this.#nearName(key)
    const near = this.core.near.findOrRenew(name)
    if (near === NOT_NEAR || near === DUE)
      return this.#load(name, { loader, ttl, options, isDue: near === DUE }) as Promise<Value>
    this.core.counters.hits += 1
    return Promise.resolve(near as Value)
  }

  /**
   * The same for what is called again and again: what there is to say of a load is asked for when there is to be one.
   *
   * @internal
   */
  getOrSetBy(key: string, say: SayOfCall, self: unknown, args: unknown[]): Promise<unknown> {
    const name = this.#nearName(key)
    const near = this.core.near.findOrRenew(name)
    if (near === NOT_NEAR || near === DUE)
      return this.#load(name, { ...say(self, args), isDue: near === DUE })
    this.core.counters.hits += 1
    return Promise.resolve(near)
  }

  /**
   * The values under many keys, by key; of those that are not there, the loader's, which is asked once for them all.
   * What it gives no value for is not stored, and not in the answer.
   *
   * @throws as {@link Cache.getOrSet} does; a `TypeError` where the loader gives no `Map`.
   */
  async getOrSetMany<Value>(
    keys: readonly string[],
    loader: (missing: string[]) => ReadonlyMap<string, Value> | Promise<ReadonlyMap<string, Value>>,
    ttl?: Ttl<NoInfer<Value>>,
    options?: LoadOptions<NoInfer<Value>>,
  ): Promise<Map<string, Value>> {
    const names = new Map(checkKeys(keys).map((key) => [key, this.scope.key(key)]))
    const plan = readLoadOptions('getOrSetMany', this.#defaults, { loader, ttl, options })
    const values = new Map<string, unknown>()
    for (const some of inParts([...names], MOST_LOADED_AT_ONCE))
      for (const [key, value] of await loadMany(this.core, new Map(some), loader, plan))
        values.set(key, value)
    return values as Map<string, Value>
  }

  /**
   * Makes void whatever depends on one of these tags, here and in every other process on the same Redis, also
   * what is being loaded meanwhile. Costs the same however much that is.
   */
  async invalidateTags(...tags: string[]): Promise<Stored> {
    checkTags('invalidateTags', tags)
    if (tags.length === 0)
      throw new InvalidOptionError('invalidateTags', 'expected at least one tag, got none')
    return this.#invalidate(this.scope.named(tags))
  }

  /** Makes void all values of this namespace, and nothing else: revocations and other people's keys stay. */
  clear(): Promise<Stored> {
    if (this.#prefix !== '') return this.#invalidate([this.#prefix])
    this.core.flights.dismissAll()
    return this.core.entries.clear()
  }

  /** The same before the key is checked: what is none has no copy in process, and is refused by who looks further. */
  #nearName(key: string): string {
    if (typeof key !== 'string' || key === '') return key
    return this.#prefix === '' && key.length <= LONGEST_NAME ? key : this.scope.key(key)
  }

  #nameOf(key: string): string {
    return this.scope.key(checkKey(key))
  }

  async #get(key: string): Promise<unknown> {
    return (await lookUp(this.core, this.#nameOf(key), this.scope.tags))?.value
  }

  async #load(name: string, { isDue, ...call }: LoadCall & { readonly isDue: boolean }): Promise<unknown> {
    const plan = readLoadOptions('getOrSet', this.#defaults, call)
    return this.core.loads.value(checkKey(name), call.loader as Loader, plan, isDue)
  }

  #delete(names: readonly string[]): Promise<Stored> {
    for (const name of names) this.core.flights.dismiss(name)
    return this.core.entries.delete(names)
  }

  #invalidate(tags: readonly string[]): Promise<Stored> {
    this.core.flights.dismissTagged(tags)
    return this.core.entries.invalidate(tags)
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
  return new Cache(new CacheCore(resolveOptions(options)))
}
