import { checkOptions, describeValue } from '../check-options'
import type { Duration } from '../duration'
import { parseDuration } from '../duration'
import { InvalidOptionError } from '../errors'
import type { Cache } from './cache'
import type { CompiledKey, KeyPart, Owner } from './cache-key'
import { encodePart, noPart } from './cache-key'
import { checkDefaultCache, defaultCache, requireCache } from './default-cache'
import { checkTags } from './tags'

/** Which cache a call uses: one for all, or one that the instance holds; the default one if left out. */
export type CacheChoice<Self> = Cache | ((self: Self) => Cache)

/** What everything that caches calls, or drops what was cached, may say of a call. */
export interface CallOptions<Self, Args extends readonly unknown[]> {
  /** What the result is made from, for `invalidateTags`: fixed, or by the call's arguments. @default none */
  readonly tags?: readonly string[] | ((this: Self, ...args: Args) => readonly string[])
  /**
   * Whether a call has to do with the cache at all: where it gives `false` the method runs as if it were not
   * decorated. An error of the call where it gives anything but `true` and `false`.
   *
   * @default always
   */
  readonly when?: (this: Self, ...args: Args) => boolean
  /**
   * Whose copy it is, a tenant or a user: becomes part of the key. An error of the call where it names nobody
   * (`undefined`, `null`, `''`).
   *
   * @default everybody's
   */
  readonly scope?: (self: Self) => KeyPart
  /** Which cache, decided at each call. @default the default cache */
  readonly cache?: CacheChoice<Self>
}

/** Where a call finds its values. */
export interface CallPlan {
  readonly owner: Owner
  readonly cache: (self: unknown) => Cache
  readonly key: CompiledKey
  readonly tags: (self: unknown, args: readonly unknown[]) => readonly string[]
  /** Asked at each call: an override that is declared later may have a say in it. */
  when: ((self: unknown, args: readonly unknown[]) => boolean) | undefined
}

/** How long a result lives: milliseconds, a string like `'5m'`, or a function of the result and the arguments. */
export type ResultTtl<Self, Args extends readonly unknown[], Value> =
  Duration | ((this: Self, result: Value, ...args: Args) => Duration)

/** The names of {@link CallOptions}. */
export const CALL_OPTIONS = ['tags', 'when', 'scope', 'cache'] as const

/**
 * Compiles what calls have to do with a cache: all that can be found out before the first of them. `known` are the
 * names that the options may have; `onOtherCache` is for {@link compileCache}.
 *
 * @throws {InvalidOptionError} naming the owner and the option.
 */
export function planCalls(
  owner: Owner,
  key: CompiledKey,
  options: unknown,
  {
    known,
    onOtherCache,
  }: { readonly known: readonly string[]; readonly onOtherCache?: (cache: Cache) => void },
): CallPlan {
  checkOptions(owner.label, options, known)
  const { tags, when, scope, cache } = (options ?? {}) as Partial<Record<keyof CallPlan | 'scope', unknown>>
  const prefixed = compileScope(owner, scope)
  return {
    owner,
    cache: compileCache(owner, cache, onOtherCache),
    key: prefixed === undefined ? key : (self, args) => prefixed(self) + key(self, args),
    tags: compileTags(owner, tags),
    when: compileTest(owner, 'when', when),
  }
}

/** Compiles a test that a user has given, of a call or of its result: anything but yes or no is a mistake. */
export function compileTest(owner: Owner, option: string, test: unknown): CallPlan['when'] {
  const compiled = compileFunction(owner, option, test)
  return (
    compiled &&
    ((self, args) => {
      const answer = compiled(self, args)
      if (typeof answer === 'boolean') return answer
      const got = describeValue(answer)
      throw new InvalidOptionError(`${owner.label}: ${option}`, `expected true or false, got ${got}`)
    })
  )
}

/** Compiles a ttl, of which a function is given the result before the arguments. `undefined` is that of the cache. */
export function compileTtl(
  owner: Owner,
  ttl: unknown,
): (self: unknown, made: readonly unknown[]) => number | undefined {
  const option = (): string => `${owner.label}: ttl`
  if (typeof ttl === 'function') {
    return (self, made) => parseDuration(Reflect.apply(ttl, self, made) as Duration, option())
  }
  const fixed = ttl === undefined ? undefined : parseDuration(ttl as Duration, option())
  return () => fixed
}

/** Compiles tags that are made from a result and the arguments. */
export function compileResultTags(owner: Owner, tags: unknown): CallPlan['tags'] | undefined {
  const compiled = compileFunction(owner, 'resultTags', tags)
  return compiled && ((self, args) => checkTags(`${owner.label}: resultTags`, compiled(self, args)))
}

/** Compiles an option that is a function, if it is there. */
export function compileFunction(
  owner: Owner,
  option: string,
  value: unknown,
): ((self: unknown, args: readonly unknown[]) => unknown) | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'function') return (self, args): unknown => Reflect.apply(value, self, args)
  throw new InvalidOptionError(
    `${owner.label}: ${option}`,
    `expected a function, got ${describeValue(value)}`,
  )
}

/** Compiles the `tags` option. */
export function compileTags(owner: Owner, tags: unknown = []): CallPlan['tags'] {
  if (typeof tags === 'function') {
    return (self, args) => checkTags(`${owner.label}: tags`, Reflect.apply(tags, self, args))
  }
  const fixed = checkTags(`${owner.label}: tags`, tags)
  return () => fixed
}

/**
 * Compiles the `cache` option: which it is is decided at each call, so that the order of set-up doesn't matter.
 *
 * @param onOther - is told of a cache that an instance brings, where it is another one than at the call before.
 */
export function compileCache(
  owner: Owner,
  cache: unknown,
  onOther?: (cache: Cache) => void,
): CallPlan['cache'] {
  if (cache === undefined) {
    checkDefaultCache()
    return defaultCache
  }
  if (typeof cache === 'function') {
    const choose = cache as (self: unknown) => unknown
    let last: Cache | undefined
    return (self) => {
      const chosen = choose(self)
      // Asked at every call, of which most go to the same one.
      if (chosen === last && last !== undefined) return last
      last = requireCache(`${owner.label}: cache`, chosen)
      onOther?.(last)
      return last
    }
  }
  const fixed = requireCache(`${owner.label}: cache`, cache)
  return () => fixed
}

/**
 * Compiles the `scope` option: what a key begins with. No key that is made of parts begins with an `@`, so that
 * nobody's copy is taken for that of a scope.
 */
export function compileScope(owner: Owner, scope: unknown): ((self: unknown) => string) | undefined {
  const whose = compileFunction(owner, 'scope', scope)
  return (
    whose &&
    ((self) => {
      const part = whose(self, [self])
      const text = part === '' ? undefined : encodePart(part)
      if (text === undefined) throw noPart(owner, 'scope', part)
      return `@${text}:`
    })
  )
}
