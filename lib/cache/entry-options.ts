import { checkOptions } from '../check-options'
import type { Duration } from '../duration'
import { parseDuration } from '../duration'
import { checkTags } from './tags'

/** What a single `set` or `getOrSet` may say beside key, value and ttl. */
export interface EntryOptions {
  /** What the value is made from: `invalidateTags` with one of them makes it void. */
  readonly tags?: readonly string[]
}

/** The same, read. */
export interface EntryPlan {
  readonly ttlMs: number
  readonly tags: readonly string[]
}

const NO_TAGS: readonly string[] = []

/**
 * Reads what a call says of its entry, and takes from the cache's options what it doesn't.
 *
 * @throws {InvalidOptionError} naming the method and the option.
 */
export function readEntryOptions(
  method: string,
  defaults: { readonly ttlMs: number },
  ttl: Duration | undefined,
  options: EntryOptions | undefined,
): EntryPlan {
  const ttlMs = ttl === undefined ? defaults.ttlMs : parseDuration(ttl, `${method}: ttl`)
  if (options === undefined) return { ttlMs, tags: NO_TAGS }
  checkOptions(method, options, ['tags'])
  const tags = options.tags === undefined ? NO_TAGS : checkTags(`${method}: tags`, options.tags)
  return { ttlMs, tags: [...new Set(tags)] }
}
