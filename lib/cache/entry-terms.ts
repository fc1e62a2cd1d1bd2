import { describeValue, disown } from '../check-options'
import type { Duration } from '../duration'
import { parseDuration } from '../duration'
import { InvalidOptionError } from '../errors'
import type { EntryPlan, LoadPlan } from './entry-options'
import { checkTags } from './tags'

/** How a value is stored. */
export interface EntryTerms {
  /** For how long it is what its key has, in milliseconds. */
  readonly ttlMs: number
  /** For how long it may stand in after that, in milliseconds. */
  readonly graceMs: number
  /** What it was made from. */
  readonly tags: readonly string[]
}

/** What a loader has said of its value, in place of the call's own words. */
export interface Said {
  readonly ttlMs?: number | undefined
  readonly tags?: readonly string[] | undefined
}

/**
 * What a call's plan comes to for a value. The jitter, a part of the ttl, is left to chance: what was stored together
 * does not end together.
 *
 * @throws {InvalidOptionError} where a function of the value gives what is no ttl or no tags; whatever it throws.
 */
export function termsFor(
  method: string,
  { ttl, tags, graceMs, scope }: EntryPlan,
  value: unknown,
  { jitter, said = {} }: { readonly jitter: number; readonly said?: Said },
): EntryTerms {
  const ttlMs = said.ttlMs ?? (typeof ttl === 'function' ? ttlOf(`${method}: ttl(value)`, ttl(value)) : ttl)
  const named =
    said.tags ?? (typeof tags === 'function' ? tagsOf(`${method}: tags(value)`, tags(value)) : undefined)
  return {
    ttlMs: Math.max(1, Math.round(ttlMs * (1 - jitter * Math.random()))),
    graceMs,
    tags: named === undefined ? (tags as readonly string[]) : scope.tagsOf([...new Set(named)]),
  }
}

/**
 * Whether a value is not to be stored.
 *
 * @throws {InvalidOptionError} where `unless` gives anything but true and false; whatever it throws.
 */
export function isRefused(method: string, { unless }: Pick<LoadPlan, 'unless'>, value: unknown): boolean {
  if (unless === undefined) return false
  const answer = unless(value)
  refusePromise(`${method}: unless`, answer)
  if (typeof answer === 'boolean') return answer
  throw new InvalidOptionError(`${method}: unless`, `expected true or false, got ${describeValue(answer)}`)
}

/**
 * Refuses what a function gives that ought not to be async; what it comes to is nobody's then.
 *
 * @throws {InvalidOptionError} for a promise.
 */
function refusePromise(option: string, given: unknown): void {
  if (!(given instanceof Promise)) return
  disown(given)
  throw new InvalidOptionError(option, 'expected what a function gives at once, got a promise')
}

function ttlOf(option: string, given: unknown): number {
  refusePromise(option, given)
  return parseDuration(given as Duration, option)
}

function tagsOf(option: string, given: unknown): readonly string[] {
  refusePromise(option, given)
  return checkTags(option, given)
}
