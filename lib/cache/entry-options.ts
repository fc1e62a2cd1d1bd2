import { checkOptions, describeValue } from '../check-options'
import type { Duration } from '../duration'
import { parseDuration } from '../duration'
import { InvalidOptionError } from '../errors'
import type { Scope } from './scope'
import { checkTags } from './tags'

/** How long a value lives: milliseconds, a string like `'5m'`, or a function of the value that says so. */
export type Ttl<Value = unknown> = Duration | ((value: Value) => Duration)

/** What a single `set` may say beside key, value and ttl. */
export interface EntryOptions<Value = unknown> {
  /** What the value is made from: `invalidateTags` with one of them makes it void. Fixed, or by the value. */
  readonly tags?: readonly string[] | ((value: Value) => readonly string[])
  /**
   * How long past its ttl the value may still stand in: milliseconds, or a string like `'1h'`; 0 for not at all. It
   * is answered at once then, while one loader runs behind, and for as long as that fails. Invalidated, it never is.
   *
   * @default 0
   */
  readonly grace?: Duration
}

/** What a single `getOrSet` may say beside key, loader and ttl. */
export interface LoadOptions<Value = unknown> extends EntryOptions<Value> {
  /** Whether a value is not to be stored. Those who asked get it all the same. */
  readonly unless?: (value: Value) => boolean
  /**
   * The longest that this call waits where there is nothing to answer with: milliseconds, or a string like `'2s'`. It
   * rejects with a {@link LoaderTimeoutError} then; the load goes on for the next one.
   *
   * @default as long as it takes
   */
  readonly loaderTimeout?: Duration
  /** Ends this call's waiting, with the signal's reason. The load goes on as long as anybody else waits for it. */
  readonly signal?: AbortSignal
}

/** What a call takes from the cache that it is made of. */
export interface EntryDefaults {
  readonly ttlMs: number
  readonly scope: Scope
}

/** What a call says of its entry. */
export interface EntryCall {
  readonly ttl: Ttl<never> | undefined
  readonly options: EntryOptions<never> | undefined
}

/** The same of a call with a loader. */
export interface LoadCall extends EntryCall {
  readonly loader: unknown
  readonly options: LoadOptions<never> | undefined
}

/** What {@link EntryOptions} come to. */
export interface EntryPlan {
  readonly ttl: number | ((value: unknown) => unknown)
  /** The cache's names for the tags; of a function's, those that all in the scope have come on top. */
  readonly tags: readonly string[] | ((value: unknown) => unknown)
  readonly graceMs: number
  readonly scope: Scope
}

/** What {@link LoadOptions} come to. */
export interface LoadPlan extends EntryPlan {
  readonly unless: ((value: unknown) => unknown) | undefined
  readonly loaderTimeoutMs: number | undefined
  readonly signal: AbortSignal | undefined
  /** Whether its loader is told nothing, so that it names no tags. @default false */
  readonly isMute?: boolean
}

const ENTRY_OPTIONS = ['tags', 'grace'] as const
const LOAD_OPTIONS = [...ENTRY_OPTIONS, 'unless', 'loaderTimeout', 'signal'] as const

/**
 * Reads what a call says of its entry, and takes from the cache's options what it doesn't.
 *
 * @throws {InvalidOptionError} naming the method and the option.
 */
export function readEntryOptions(method: string, defaults: EntryDefaults, call: EntryCall): EntryPlan {
  checkOptions(method, call.options, ENTRY_OPTIONS)
  return entryPlan(method, defaults, call)
}

/**
 * The same for a call with a loader.
 *
 * @throws {InvalidOptionError} naming the method and the option.
 */
export function readLoadOptions(method: string, defaults: EntryDefaults, call: LoadCall): LoadPlan {
  const { loader, options } = call
  if (typeof loader !== 'function')
    throw new InvalidOptionError(`${method}: loader`, `expected a function, got ${describeValue(loader)}`)
  checkOptions(method, options, LOAD_OPTIONS)
  const { unless, loaderTimeout, signal } = options ?? {}
  if (unless !== undefined && typeof unless !== 'function')
    throw new InvalidOptionError(`${method}: unless`, `expected a function, got ${describeValue(unless)}`)
  if (signal !== undefined && !((signal as unknown) instanceof AbortSignal))
    throw new InvalidOptionError(`${method}: signal`, `expected an AbortSignal, got ${describeValue(signal)}`)
  const { ttl, tags, graceMs, scope } = entryPlan(method, defaults, call)
  return {
    ttl,
    tags,
    graceMs,
    scope,
    unless: unless as LoadPlan['unless'],
    loaderTimeoutMs:
      loaderTimeout === undefined ? undefined : parseDuration(loaderTimeout, `${method}: loaderTimeout`),
    signal,
  }
}

/**
 * Reads a grace: a duration, or 0 for none.
 *
 * @throws {InvalidOptionError} for anything else.
 */
export function parseGrace(option: string, grace: Duration | undefined): number {
  return grace === undefined || grace === 0 ? 0 : parseDuration(grace, option)
}

/** The tags that a plan names before there is a value: what is known of what it depends on. */
export function knownTags({ tags, scope }: EntryPlan): readonly string[] {
  return typeof tags === 'function' ? scope.tags : tags
}

function entryPlan(method: string, { ttlMs, scope }: EntryDefaults, { ttl, options }: EntryCall): EntryPlan {
  return {
    ttl: readTtl(method, ttlMs, ttl),
    tags: readTags(method, scope, options?.tags),
    graceMs: parseGrace(`${method}: grace`, options?.grace),
    scope,
  }
}

function readTtl(method: string, defaultTtlMs: number, ttl: Ttl<never> | undefined): EntryPlan['ttl'] {
  if (ttl === undefined) return defaultTtlMs
  return typeof ttl === 'function'
    ? (ttl as (value: unknown) => unknown)
    : parseDuration(ttl, `${method}: ttl`)
}

function readTags(method: string, scope: Scope, tags: EntryOptions<never>['tags']): EntryPlan['tags'] {
  if (tags === undefined) return scope.tags
  if (typeof tags === 'function') return tags as (value: unknown) => unknown
  return scope.tagsOf([...new Set(checkTags(`${method}: tags`, tags))])
}
