import { describeValue } from '../check-options'
import { connectionFromEnvironment } from '../client/connection-options'
import { InvalidOptionError } from '../errors'
import { Cache, createCache } from './cache'

let current: Cache | undefined

/**
 * The cache that decorators, middlewares and the blacklist use where none is named: made from the environment
 * when it is first needed, or what {@link setDefaultCache} was given.
 *
 * @throws {InvalidEnvironmentError} naming the variable that cannot be used.
 */
export function defaultCache(): Cache {
  current ??= createCache()
  return current
}

/**
 * Puts your own cache in the place of the default one, for every decorator, middleware and blacklist that has
 * none of its own. Call it before the first use; a cache that was in use before is not closed.
 *
 * @throws {InvalidOptionError} for anything but a cache.
 */
export function setDefaultCache(cache: Cache): void {
  current = requireCache('setDefaultCache', cache)
}

/**
 * Finds at start-up what the default cache would else complain of inside a request.
 *
 * @throws {InvalidEnvironmentError} naming the variable that cannot be used.
 */
export function checkDefaultCache(): void {
  if (current === undefined) connectionFromEnvironment()
}

/**
 * A cache that was given as an option.
 *
 * @throws {InvalidOptionError} for anything else.
 */
export function requireCache(option: string, cache: unknown): Cache {
  if (cache instanceof Cache) return cache
  throw new InvalidOptionError(
    option,
    `expected a cache as createCache() makes it, got ${describeValue(cache)}`,
  )
}
