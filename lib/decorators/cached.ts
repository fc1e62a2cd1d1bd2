import type { Cache } from '../cache/cache'
import type { CompiledKey, KeyFunction } from '../cache/cache-key'
import { compileKey } from '../cache/cache-key'
import type { CachedOptions } from '../cache/cached'
import { CACHED_OPTIONS, cacheCalls } from '../cache/cached'
import type { ResultTtl } from '../cache/call-plan'
import { planCalls } from '../cache/call-plan'
import type { DeclaredMethod } from './declared-method'
import { noteDecorated } from './decorated-methods'
import type { MethodDecorator } from './dialect'
import { decorateMethod, requireParentheses } from './dialect'
import { methodKey } from './method-key'
import { takeOver } from './overrides'
import { claimKey, spaceOf } from './shared-keys'

/**
 * Caches what an async method returns, by its arguments. However many callers ask at once, the method runs
 * once; what it throws reaches them all, and is not cached.
 *
 * @param key - a template by position (`'role:{0}'`, `'report:{0.school.id}'`) or a function of the arguments
 *   that returns key parts (`(id) => ['user', id]`). It is all that tells one call from another: two methods
 *   with the same key share their values. Without one it is the class, the method and a digest of all arguments,
 *   which takes some microseconds to make for arguments not seen lately, and which nobody can name but {@link cachedMethod}.
 * @param ttl - how long a result lives: milliseconds, a string like `'5m'` or a function of the result and the
 *   arguments; the cache's own ttl if left out.
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
  key?: string | NoInfer<KeyFunction<Args, Self>>,
  ttl?: NoInfer<ResultTtl<Self, Args, Value>>,
  options?: NoInfer<CachedOptions<Self, Args, Value>>,
): MethodDecorator<Self, Args, Value> {
  requireParentheses('@Cached', key, ttl)
  return (...decorated) =>
    decorateMethod('@Cached', decorated, (method, declared) => {
      const compiled = keyOf(declared, key, options?.cache)
      const onOtherCache = claimTemplate(declared, key, { options, method })
      const plan = planCalls(declared, compiled, options, { known: CACHED_OPTIONS, onOtherCache })
      noteDecorated(declared, { key, ttl, tags: options?.tags }, plan)
      takeOver(declared)
      return cacheCalls(method, plan, { ttl, options })
    })
}

function keyOf(declared: DeclaredMethod, key: unknown, cache: unknown): CompiledKey {
  if (key !== undefined) return compileKey(declared, key)
  return methodKey(declared, (prefix, claimant, self) => {
    const space = spaceOf(cache) ?? (cache as (self: unknown) => object)(self)
    claimKey(space, prefix, declared, claimant)
  })
}

/** What a template's claim depends on. */
interface ClaimOptions {
  readonly cache?: unknown
  readonly scope?: unknown
}

/** Claims a template where the cache is known; else it gives what does so for each cache that an instance brings. */
function claimTemplate(
  declared: DeclaredMethod,
  key: unknown,
  { options, method }: { readonly options: ClaimOptions | undefined; readonly method: object },
): (cache: Cache) => void {
  const claim = (space: object): void => {
    if (typeof key === 'string')
      claimKey(space, options?.scope ? `@…:${key}` : key, declared, { code: method })
  }
  const space = spaceOf(options?.cache)
  if (space !== undefined) claim(space)
  const seen = new WeakSet<Cache>()
  return (other) => {
    if (!seen.has(other)) claim(other)
    seen.add(other)
  }
}
