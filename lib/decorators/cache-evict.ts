import type { CallOptions } from '../cache/call-plan'
import { InvalidOptionError } from '../errors'
import { noteDecorated } from './decorated-methods'
import type { MethodDecorator } from './dialect'
import { decorateMethod, requireParentheses } from './dialect'
import { surround } from './effects'
import { evictionOf, planEviction } from './eviction'
import type { KeyOrKeys } from './several-keys'

/** Names what a call makes void, by its arguments: one key like that of `@Cached`, or several. */
export type EvictKeyFunction<Args extends readonly unknown[], Self = unknown> = (
  this: Self,
  ...args: Args
) => KeyOrKeys

/** What `@CacheEvict` may say beside, or in place of, a key. */
export interface EvictOptions<Self, Args extends readonly unknown[], Value = unknown> extends Omit<
  CallOptions<Self, Args>,
  'tags'
> {
  /** Drops all values with one of these tags: fixed, or by the call's arguments. @default none */
  readonly tags?: readonly string[] | ((this: Self, ...args: Args) => readonly string[])
  /** Drops keys that can be named only when there is a result: made from it and the arguments. @default none */
  readonly resultKey?: (this: Self, result: Value, ...args: Args) => KeyOrKeys
  /** Drops tags that can be named only when there is a result. @default none */
  readonly resultTags?: (this: Self, result: Value, ...args: Args) => readonly string[]
  /** Drops everything in the namespace of the cache, as its `clear()` does. @default false */
  readonly all?: boolean
  /**
   * When it is dropped: `'after'` the method has succeeded; `'before'` it runs, whatever comes of it, so that a
   * reading that falls in between may store the old value once more; or `'both'`: before it runs, and after it has
   * succeeded or failed. What a result has named can only be dropped after it.
   *
   * @default 'after'
   */
  readonly timing?: 'after' | 'before' | 'both'
}

/**
 * Drops from the cache what a method has changed, after it has succeeded: the value of a key or of several, all
 * values with certain tags, or everything. The caller goes on when that is done. Where the method throws, nothing is
 * dropped, unless `timing` says so.
 *
 * @param key - made like the key of `@Cached`, or several in an array, each as its parts; or the options, where
 *   something else is to be dropped.
 *
 * @example
 * class Users {
 *   \@CacheEvict((id) => ['user', id])
 *   async rename(id: string, name: string) { return db.rename(id, name) }
 *
 *   \@CacheEvict((ids) => ids.map((id) => ['user', id]))
 *   async remove(ids: string[]) { return db.remove(ids) }
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
  key: string | NoInfer<EvictKeyFunction<Args, Self>> | NoInfer<EvictOptions<Self, Args, Value>>,
  options?: NoInfer<EvictOptions<Self, Args, Value>>,
): MethodDecorator<Self, Args, Value> {
  requireParentheses('@CacheEvict', key, options)
  return (...decorated) =>
    decorateMethod('@CacheEvict', decorated, (method, declared) => {
      const isKeyless = typeof key === 'object' && (key as unknown) !== null
      if (isKeyless && options !== undefined)
        throw new InvalidOptionError(declared.label, 'expected a key before the options, got options twice')
      const given = isKeyless ? key : options
      const plan = planEviction(declared, given, isKeyless ? undefined : { key })
      noteDecorated(declared, { key: isKeyless ? null : key, tags: given?.tags })
      return surround(declared, method, evictionOf(plan))
    })
}
