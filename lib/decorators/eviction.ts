import type { Cache } from '../cache/cache'
import type { Owner } from '../cache/cache-key'
import type { CallPlan } from '../cache/call-plan'
import { CALL_OPTIONS, compileCache, compileResultTags, compileTags, compileTest } from '../cache/call-plan'
import { checkOptions, describeValue, oneOf } from '../check-options'
import { InvalidOptionError } from '../errors'
import type { EffectOf } from './effects'
import type { CompiledKeys } from './several-keys'
import { compileKeys, compileResultKeys } from './several-keys'

/** What a method drops, and when. */
export interface EvictionPlan {
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
const NOTHING = { keys: [], tags: [], all: false }
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

/** What is dropped around a call. */
export function evictionOf(plan: EvictionPlan): EffectOf {
  const { all, isBefore, isAfter } = plan
  return (self, args) => {
    if (plan.when?.(self, args) === false) return undefined
    const cache = plan.cache(self)
    const named = { keys: plan.keys(self, args), tags: plan.tags(self, args), all }
    const dropNamed = (): Promise<void> => drop(cache, named)
    return {
      ...(isBefore && { before: dropNamed }),
      // A method that fails may have changed something first.
      ...(isBefore && isAfter && { failed: dropNamed }),
      after: async (result) => {
        const made = [result, ...args]
        let known: Dropped = NOTHING
        try {
          known = { keys: plan.resultKeys(self, made), tags: plan.resultTags(self, made), all: false }
        } finally {
          // What was there is old, also where a function of the result fails.
          await Promise.all([isAfter && dropNamed(), drop(cache, known)])
        }
      },
    }
  }
}

async function drop(cache: Cache, { keys, tags, all }: Dropped): Promise<void> {
  await Promise.all([
    keys.length > 0 && cache.deleteMany(keys),
    tags.length > 0 && cache.invalidateTags(...tags),
    all && cache.clear(),
  ])
}
