import type { KeyFunction, KeyPart, Owner } from '../cache/cache-key'
import type { CallOptions, CallPlan, ResultTtl } from '../cache/call-plan'
import {
  CALL_OPTIONS,
  compileCache,
  compileResultTags,
  compileTags,
  compileTest,
  compileTtl,
} from '../cache/call-plan'
import { parseGrace } from '../cache/entry-options'
import { checkOptions } from '../check-options'
import type { Duration } from '../duration'
import { InvalidOptionError } from '../errors'
import { noteDecorated } from './decorated-methods'
import type { MethodDecorator } from './dialect'
import { decorateMethod, requireParentheses } from './dialect'
import type { EffectOf } from './effects'
import { surround } from './effects'
import type { CompiledKeys } from './several-keys'
import { compileKeys, compileResultKeys } from './several-keys'

/** What `@CachePut` may say beside key and ttl. */
export interface PutOptions<Self, Args extends readonly unknown[], Value = unknown> extends CallOptions<
  Self,
  Args
> {
  /** The key, where it can be named only when there is a result: made from it and the arguments. */
  readonly resultKey?: (this: Self, result: Value, ...args: Args) => string | readonly KeyPart[]
  /** More tags, which can be named only when there is a result. @default none */
  readonly resultTags?: (this: Self, result: Value, ...args: Args) => readonly string[]
  /**
   * How long past its ttl a result may still stand in, as `@Cached` has it: milliseconds, or a string like `'1h'`.
   *
   * @default 0
   */
  readonly grace?: Duration
  /** Whether a result is not to be stored: its key is dropped then, for what was there is old. @default never */
  readonly unless?: (this: Self, result: Value, ...args: Args) => boolean
}

interface PutPlan {
  readonly cache: CallPlan['cache']
  readonly when: CallPlan['when']
  readonly keys: CompiledKeys | undefined
  readonly tags: CallPlan['tags']
  readonly ttl: ReturnType<typeof compileTtl>
  readonly graceMs: number
  /** These three are given the result before the arguments. */
  readonly resultKeys: CompiledKeys | undefined
  readonly resultTags: CallPlan['tags'] | undefined
  readonly unless: CallPlan['when']
}

const KNOWN = [...CALL_OPTIONS, 'resultKey', 'resultTags', 'unless', 'grace'] as const

/**
 * Runs a method each time, and stores its result in place of what is under the key, for `@Cached` to find. The
 * caller goes on when that is done. Where the method throws, nothing is stored and nothing is dropped.
 *
 * Of two calls that overlap, the result that comes last stands, be it the older one: where that may happen,
 * `@CacheEvict` leaves the next reading to find out.
 *
 * @param key - made like the key of `@Cached`; none where `resultKey` makes it.
 * @param ttl - how long a result lives: milliseconds, a string like `'5m'` or a function of the result and the
 *   arguments; the cache's own ttl if left out.
 *
 * @example
 * class Users {
 *   \@CachePut((id) => ['user', id], '1h')
 *   async update(id: string, name: string) { return db.update(id, name) }
 *
 *   \@CachePut(undefined, '1h', { resultKey: (user) => ['user', user.id] })
 *   async create(name: string) { return db.create(name) }
 * }
 *
 * @throws {InvalidOptionError} at decoration, for a key, ttl or option that is none; {@link NotCacheableError}
 *   on anything but an async method; {@link InvalidEnvironmentError} where the default cache could not be made.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export function CachePut<Self, Args extends readonly any[], Value>(
  key: string | NoInfer<KeyFunction<Args, Self>> | undefined,
  ttl?: NoInfer<ResultTtl<Self, Args, Value>>,
  options?: NoInfer<PutOptions<Self, Args, Value>>,
): MethodDecorator<Self, Args, Value> {
  requireParentheses('@CachePut', key, ttl)
  return (...decorated) =>
    decorateMethod('@CachePut', decorated, (method, declared) => {
      const plan = planPut(declared, { key, ttl, options })
      noteDecorated(declared, { key: key ?? options?.resultKey, ttl, tags: options?.tags })
      return surround(declared, method, storingOf(plan))
    })
}

function planPut(
  owner: Owner,
  { key, ttl, options }: { readonly key: unknown; readonly ttl: unknown; readonly options: unknown },
): PutPlan {
  checkOptions(owner.label, options, KNOWN)
  const given = (options ?? {}) as Partial<Record<(typeof KNOWN)[number], unknown>>
  const { tags, when, scope, cache, resultKey, resultTags, unless, grace } = given
  if (key !== undefined && resultKey !== undefined) {
    throw new InvalidOptionError(
      `${owner.label}: resultKey`,
      'expected either a key or a resultKey, got both',
    )
  }
  return {
    cache: compileCache(owner, cache),
    when: compileTest(owner, 'when', when),
    keys: resultKey === undefined ? compileKeys(owner, key, scope) : undefined,
    tags: compileTags(owner, tags),
    ttl: compileTtl(owner, ttl),
    graceMs: parseGrace(`${owner.label}: grace`, grace as Duration | undefined),
    resultKeys: compileResultKeys(owner, resultKey, scope),
    resultTags: compileResultTags(owner, resultTags),
    unless: compileTest(owner, 'unless', unless),
  }
}

/** What is stored after a call. */
function storingOf(plan: PutPlan): EffectOf {
  return (self, args) => {
    if (plan.when?.(self, args) === false) return undefined
    const cache = plan.cache(self)
    const named = plan.keys?.(self, args)
    const tags = plan.tags(self, args)
    const store = async (result: unknown): Promise<void> => {
      const made = [result, ...args]
      const keys = named ?? plan.resultKeys?.(self, made) ?? []
      let isPut = false
      try {
        if (plan.unless?.(self, made) !== true) {
          const options = { tags: [...tags, ...(plan.resultTags?.(self, made) ?? [])], grace: plan.graceMs }
          const ttlMs = plan.ttl(self, made)
          await Promise.all(keys.map((key) => cache.set(key, result, ttlMs, options)))
          isPut = true
        }
      } finally {
        // What was there is old, also where a function of the result fails.
        if (!isPut) await cache.deleteMany(keys)
      }
    }
    return { after: store }
  }
}
