import type { KeyFunction } from '../cache/cache-key'
import type { CachedOptions, CallPlan } from '../cache/cached'
import { compileCache, compileTags, planCalls } from '../cache/cached'
import { checkOptions } from '../check-options'
import { InvalidOptionError } from '../errors'
import type { MethodDecorator } from './dialect'
import { decorateMethod } from './dialect'

/** What `@CacheEvict` may say beside, or in place of, a key. */
export type EvictOptions<Self, Args extends readonly unknown[]> = CachedOptions<Self, Args>

interface EvictPlan extends Omit<CallPlan, 'key'> {
  readonly key: CallPlan['key'] | undefined
}

/**
 * Drops from the cache what a method has changed, after it has succeeded: the value of a key, all values with
 * certain tags, or both. Where the method throws, nothing is dropped.
 *
 * @param key - made like the key of `@Cached`; or the options, where only tags are to be dropped.
 *
 * @example
 * class Users {
 *   \@CacheEvict((id) => ['user', id])
 *   async rename(id: string, name: string) { return db.rename(id, name) }
 *
 *   \@CacheEvict({ tags: (school) => [`school:${school}`] })
 *   async closeYear(school: number) { return db.closeYear(school) }
 * }
 *
 * @throws {InvalidOptionError} at decoration, for a key or option that is none; {@link NotCacheableError} on
 *   anything but an async method; {@link InvalidEnvironmentError} where the default cache could not be made.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export function CacheEvict<Self, Args extends readonly any[], Value>(
  key: string | NoInfer<KeyFunction<Args, Self>> | NoInfer<EvictOptions<Self, Args>>,
  options?: NoInfer<EvictOptions<Self, Args>>,
): MethodDecorator<Self, Args, Value> {
  return (...decorated) =>
    decorateMethod('@CacheEvict', decorated, (method, owner) => {
      const plan = planEviction(owner, key, options)
      return async function (this: unknown, ...args: unknown[]): Promise<unknown> {
        // Found before the method runs: arguments that name nothing are an error before anything has changed.
        const cache = plan.cache(this)
        const evictedKey = plan.key?.(this, args)
        const tags = plan.tags(this, args)
        const result = await Reflect.apply(method, this, args)
        if (evictedKey !== undefined) await cache.delete(evictedKey)
        if (tags.length > 0) await cache.invalidateTags(...tags)
        return result
      }
    })
}

function planEviction(owner: string, key: unknown, options: unknown): EvictPlan {
  if (typeof key !== 'object' || key === null)
    return planCalls(owner, key, options as CachedOptions<unknown, unknown[]>)
  if (options !== undefined)
    throw new InvalidOptionError(owner, 'expected a key before the options, got options twice')
  checkOptions(owner, key, ['tags', 'cache'])
  const { tags, cache } = key as EvictOptions<unknown, unknown[]>
  if (tags === undefined || tags.length === 0)
    throw new InvalidOptionError(owner, 'expected a key or tags to drop, got neither')
  return { key: undefined, tags: compileTags(owner, tags), cache: compileCache(owner, cache) }
}
