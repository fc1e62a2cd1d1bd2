import type { KeyFunction } from '../cache/cache-key'
import type { CachedOptions } from '../cache/cached'
import { cacheCalls } from '../cache/cached'
import type { Duration } from '../duration'
import type { MethodDecorator } from './dialect'
import { decorateMethod } from './dialect'

/**
 * Caches what an async method returns, by its arguments. However many callers ask at once, the method runs
 * once; what it throws reaches them all, and is not cached.
 *
 * @param key - a template by position (`'role:{0}'`, `'report:{0.school.id}'`) or a function of the arguments
 *   that returns key parts (`(id) => ['user', id]`). It is all that tells one call from another: two methods
 *   with the same key share their values.
 * @param ttl - how long a result lives: milliseconds, or a string like `'5m'`; the cache's own ttl if left out.
 *
 * @example
 * class Users {
 *   \@Cached((id) => ['user', id], '1h')
 *   async find(id: string) { return db.user(id) }
 * }
 *
 * @throws {InvalidOptionError} at decoration, for a key, ttl or option that is none; {@link NotCacheableError}
 *   on anything but an async method; {@link InvalidEnvironmentError} where the default cache could not be made.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export function Cached<Self, Args extends readonly any[], Value>(
  key: string | NoInfer<KeyFunction<Args, Self>>,
  ttl?: Duration,
  options?: NoInfer<CachedOptions<Self, Args>>,
): MethodDecorator<Self, Args, Value> {
  return (...decorated) =>
    decorateMethod('@Cached', decorated, (method, owner) =>
      cacheCalls(owner, method, {
        key,
        ttl,
        options: options as CachedOptions<unknown, unknown[]> | undefined,
      }),
    )
}
