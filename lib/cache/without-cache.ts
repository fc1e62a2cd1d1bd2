import { AsyncLocalStorage } from 'node:async_hooks'

/** Made when it is first needed: from then on Node.js follows every promise of the process, at some cost. */
let uncached: AsyncLocalStorage<true> | undefined

/**
 * Runs a function, and all that it calls and awaits, without cached results: in there `@Cached` methods and
 * {@link cached} functions run each time, read nothing and store nothing. What drops or replaces values,
 * `@CacheEvict` and `@CachePut`, does so as ever, and so do the methods of a cache that are called by name.
 *
 * @example
 * const fresh = await withoutCache(() => reports.ofSchool('7'))
 *
 * @returns what the function returns.
 */
export function withoutCache<Result>(run: () => Result): Result {
  uncached ??= new AsyncLocalStorage()
  return uncached.run(true, run)
}

/** Whether this is within {@link withoutCache}. */
export function isWithoutCache(): boolean {
  return uncached?.getStore() === true
}
