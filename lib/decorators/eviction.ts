import type { Cache } from '../cache/cache'
import type { Owner } from '../cache/cache-key'
import type { Method } from '../cache/cached'
import { requirePromise } from '../cache/cached'
import type { CallPlan } from '../cache/call-plan'
import { CALL_OPTIONS, compileCache, compileResultTags, compileTags, compileTest } from '../cache/call-plan'
import { checkOptions, describeValue, oneOf } from '../check-options'
import { InvalidOptionError } from '../errors'
import type { CompiledKeys } from './several-keys'
import { compileKeys, compileResultKeys } from './several-keys'

/** What a method drops, and when. */
export interface EvictionPlan {
  readonly owner: Owner
  readonly cache: CallPlan['cache']
  readonly when: CallPlan['when']
  readonly keys: CompiledKeys
  readonly tags: CallPlan['tags']
  /** The same, made from the result and the arguments. */
  readonly resultKeys: CompiledKeys
  readonly resultTags: CallPlan['tags']
  readonly all: boolean
  readonly isBefore: boolean
  readonly isAfter: boolean
}

interface Dropped {
  readonly keys: readonly string[]
  readonly tags: readonly string[]
  readonly all: boolean
}

const KNOWN = [...CALL_OPTIONS, 'resultKey', 'resultTags', 'all', 'timing'] as const
const none = (): readonly string[] => []

/**
 * Compiles what a method drops.
 *
 * @param keyed - the key, where there is to be one.
 * @throws {InvalidOptionError} naming the option, or where nothing would ever be dropped.
 */
export function planEviction(
  owner: Owner,
  options: unknown,
  keyed: { readonly key: unknown } | undefined,
): EvictionPlan {
  checkOptions(owner.label, options, KNOWN)
  const given = (options ?? {}) as Partial<Record<(typeof KNOWN)[number], unknown>>
  const { tags, when, scope, cache, resultKey, resultTags, all = false, timing } = given
  if (typeof all !== 'boolean') {
    throw new InvalidOptionError(`${owner.label}: all`, `expected true or false, got ${describeValue(all)}`)
  }
  const moment = oneOf(`${owner.label}: timing`, timing, ['after', 'before', 'both'], 'after')
  const plan = {
    owner,
    cache: compileCache(owner, cache),
    when: compileTest(owner, 'when', when),
    keys: keyed === undefined ? none : compileKeys(owner, keyed.key, scope),
    tags: compileTags(owner, tags),
    resultKeys: compileResultKeys(owner, resultKey, scope) ?? none,
    resultTags: compileResultTags(owner, resultTags) ?? none,
    all,
    isBefore: moment !== 'after',
    isAfter: moment !== 'before',
  }
  const isTagged = typeof tags === 'function' || (Array.isArray(tags) && tags.length > 0)
  if (keyed !== undefined || isTagged || resultKey !== undefined || resultTags !== undefined || all)
    return plan
  throw new InvalidOptionError(owner.label, 'expected a key, tags or all to drop, got none of them')
}

/** The method that drops what the other has changed. */
export function evictAround(method: Method, plan: EvictionPlan): Method {
  const { owner, all, isBefore, isAfter } = plan
  return async function (...args) {
    if (plan.when?.(this, args) === false) return requirePromise(owner, Reflect.apply(method, this, args))
    // Found before the method runs: arguments that name nothing are an error before anything has changed.
    const cache = plan.cache(this)
    const named = { keys: plan.keys(this, args), tags: plan.tags(this, args), all }
    if (isBefore) await drop(cache, named)
    const result = await requirePromise(owner, Reflect.apply(method, this, args))
    const made = [result, ...args]
    const known = { keys: plan.resultKeys(this, made), tags: plan.resultTags(this, made), all: false }
    await Promise.all([isAfter && drop(cache, named), drop(cache, known)])
    return result
  }
}

async function drop(cache: Cache, { keys, tags, all }: Dropped): Promise<void> {
  await Promise.all([
    keys.length > 0 && cache.deleteMany(keys),
    tags.length > 0 && cache.invalidateTags(...tags),
    all && cache.clear(),
  ])
}
