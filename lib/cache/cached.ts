import { checkOptions, describeValue } from '../check-options'
import type { Duration } from '../duration'
import { parseDuration } from '../duration'
import { InvalidOptionError } from '../errors'
import type { Cache } from './cache'
import type { KeyFunction } from './cache-key'
import { compileKey } from './cache-key'
import { checkTags } from './tags'
import { checkDefaultCache, defaultCache, requireCache } from './default-cache'

/** Which cache a call uses: one for all, or one that the instance holds; the default one if left out. */
export type CacheChoice<Self> = Cache | ((self: Self) => Cache)

/** What `cached` and `@Cached` may say beside key and ttl. */
export interface CachedOptions<Self, Args extends readonly unknown[]> {
  /** What the result is made from, for `invalidateTags`: fixed, or by the call's arguments. */
  readonly tags?: readonly string[] | ((this: Self, ...args: Args) => readonly string[])
  /** Which cache. @default the default cache, looked up at each call */
  readonly cache?: CacheChoice<Self>
}

/** How a call finds its place in a cache. */
export interface CallPlan {
  readonly cache: (self: unknown) => Cache
  readonly key: (self: unknown, args: readonly unknown[]) => string
  readonly tags: (self: unknown, args: readonly unknown[]) => readonly string[]
}

type AsyncFunction<Self, Args extends readonly unknown[], Value> = (
  this: Self,
  ...args: Args
) => Promise<Value>

/**
 * A function whose results are cached: called again with arguments of the same key, it answers from the cache.
 * However many callers ask at once, it runs once. What it throws reaches them all, and is not cached.
 *
 * @param key - a template by position (`'role:{0}'`) or a function of the arguments (`(id) => ['user', id]`).
 * @param ttl - how long a result lives: milliseconds, or a string like `'5m'`; the cache's own ttl if left out.
 *
 * @example
 * const findUser = cached((id: string) => db.user(id), (id) => ['user', id], '1h')
 *
 * @throws {InvalidOptionError} for a key, ttl or option that is none; {@link InvalidEnvironmentError} where
 *   the default cache could not be made.
 */
export function cached<Self, Args extends readonly unknown[], Value>(
  fn: AsyncFunction<Self, Args, Value>,
  key: string | NoInfer<KeyFunction<Args, Self>>,
  ttl?: Duration,
  options?: NoInfer<CachedOptions<Self, Args>>,
): AsyncFunction<Self, Args, Value> {
  if (typeof fn !== 'function') {
    throw new InvalidOptionError('cached', `expected a function, got ${describeValue(fn)}`)
  }
  return cacheCalls(fn.name === '' ? 'cached' : `cached(${fn.name})`, fn, { key, ttl, options })
}

/** What `cached` and `@Cached` have in common: all that can be found out before the first call is. */
export function cacheCalls<Self, Args extends readonly unknown[], Value>(
  owner: string,
  fn: AsyncFunction<Self, Args, Value>,
  {
    key,
    ttl,
    options,
  }: { key: unknown; ttl: Duration | undefined; options: CachedOptions<Self, Args> | undefined },
): AsyncFunction<Self, Args, Value> {
  const ttlMs = ttl === undefined ? undefined : parseDuration(ttl, `${owner}: ttl`)
  const plan = planCalls(owner, key, options)
  return function (this: Self, ...args: Args): Promise<Value> {
    return callThrough(plan, { self: this, args, ttlMs, load: () => Reflect.apply(fn, this, args) })
  }
}

/** Compiles where the calls of a function find their values. */
export function planCalls<Self, Args extends readonly unknown[]>(
  owner: string,
  key: unknown,
  options: CachedOptions<Self, Args> | undefined,
): CallPlan {
  checkOptions(owner, options, ['tags', 'cache'])
  return {
    key: compileKey(owner, key),
    tags: compileTags(owner, options?.tags),
    cache: compileCache(owner, options?.cache),
  }
}

/** Compiles the `tags` option. */
export function compileTags(owner: string, tags: unknown = []): CallPlan['tags'] {
  if (typeof tags === 'function') {
    return (self, args) => checkTags(`${owner}: tags`, Reflect.apply(tags, self, args))
  }
  const fixed = checkTags(`${owner}: tags`, tags)
  return () => fixed
}

/** Compiles the `cache` option: which cache is decided at each call, so that the order of set-up doesn't matter. */
export function compileCache(owner: string, cache: unknown): CallPlan['cache'] {
  if (cache === undefined) {
    checkDefaultCache()
    return defaultCache
  }
  if (typeof cache === 'function') {
    return (self) => requireCache(`${owner}: cache`, (cache as (self: unknown) => unknown)(self))
  }
  const fixed = requireCache(`${owner}: cache`, cache)
  return () => fixed
}

async function callThrough<Value>(
  { key, tags, cache }: CallPlan,
  call: { self: unknown; args: readonly unknown[]; ttlMs: number | undefined; load: () => Promise<Value> },
): Promise<Value> {
  const { self, args, ttlMs, load } = call
  return cache(self).getOrSet(key(self, args), load, ttlMs, { tags: tags(self, args) })
}
