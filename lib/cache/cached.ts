import { describeValue } from '../check-options'
import type { Duration } from '../duration'
import { parseDuration } from '../duration'
import { InvalidOptionError, NotCacheableError } from '../errors'
import type { SayOfCall } from './cache'
import type { KeyFunction, Owner } from './cache-key'
import { compileKey } from './cache-key'
import type { CallOptions, CallPlan } from './call-plan'
import { CALL_OPTIONS, planCalls } from './call-plan'
import { isWithoutCache } from './without-cache'

/** What `cached` and `@Cached` may say beside key and ttl. */
export type CachedOptions<Self, Args extends readonly unknown[]> = CallOptions<Self, Args>

type AsyncFunction<Self, Args extends readonly unknown[], Value> = (
  this: Self,
  ...args: Args
) => Promise<Value>

/** What stands under a decorator, or is given to `cached`, of which the types are known no more. */
export type Method = (this: unknown, ...args: unknown[]) => Promise<unknown>

/**
 * A function whose results are cached: called again with arguments of the same key, it answers from the cache.
 * However many callers ask at once, it runs once. What it throws reaches them all, and is not cached.
 *
 * @param key - a template by position (`'role:{0}'`) or a function of the arguments (`(id) => ['user', id]`).
 * @param ttl - how long a result lives: milliseconds, or a string like `'5m'`; the cache's own ttl if left out.
 *
 * @example
 * const findUser = cached((id: string) => db.user(id), (id) => ['user', id], '1h')
 *
 * @throws {InvalidOptionError} for a key, ttl or option that is none; {@link InvalidEnvironmentError} where
 *   the default cache could not be made.
 */
export function cached<Self, Args extends readonly unknown[], Value>(
  fn: AsyncFunction<Self, Args, Value>,
  key: string | NoInfer<KeyFunction<Args, Self>>,
  ttl?: Duration,
  options?: NoInfer<CachedOptions<Self, Args>>,
): AsyncFunction<Self, Args, Value> {
  if (typeof fn !== 'function') {
    throw new InvalidOptionError('cached', `expected a function, got ${describeValue(fn)}`)
  }
  const owner = { label: fn.name === '' ? 'cached' : `cached(${fn.name})` }
  const plan = planCalls(owner, compileKey(owner, key), options, CALL_OPTIONS)
  return cacheCalls(fn as unknown as Method, plan, ttl) as unknown as AsyncFunction<Self, Args, Value>
}

/** Where the calls of each of these functions find their values. */
const plans = new WeakMap<object, CallPlan>()

/** The plan of a function that {@link cacheCalls} has made. */
export function planOf(fn: object): CallPlan | undefined {
  return plans.get(fn)
}

/** What `cached` and `@Cached` have in common: the function that stands in for another and caches its results. */
export function cacheCalls(fn: Method, plan: CallPlan, ttl: Duration | undefined): Method {
  const { owner, cache, key, tags, when } = plan
  const ttlMs = ttl === undefined ? undefined : parseDuration(ttl, `${owner.label}: ttl`)
  const say: SayOfCall = (self, args) => ({
    loader: () => runApart(owner, fn, self, args),
    ttl: ttlMs,
    options: { tags: tags(self, args) },
  })
  // Neither async nor with a closure in it: what a hit costs more than the look-up is the making of its key.
  const call: Method = function (...args) {
    try {
      if (isWithoutCache() || when?.(this, args) === false)
        return requirePromise(owner, Reflect.apply(fn, this, args))
      return cache(this).getOrSetBy(key(this, args), say, this, args)
    } catch (error) {
      // What somebody has thrown, be it what it may.
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      return Promise.reject(error)
    }
  }
  plans.set(call, plan)
  return call
}

/**
 * What a method has returned, which must be a promise.
 *
 * @throws {NotCacheableError} for anything else.
 */
export function requirePromise(owner: Owner, returned: unknown): Promise<unknown> {
  if (typeof (returned as PromiseLike<unknown> | null | undefined)?.then === 'function')
    return returned as Promise<unknown>
  const got = typeof returned === 'object' ? describeValue(returned) : typeof returned
  throw new NotCacheableError(`${owner.label}: expected an async method, got one that returns ${got}`)
}

/** Runs a method with a stack of its own: the trace of an error shows the method, and not the work of the cache. */
function runApart(owner: Owner, fn: Method, self: unknown, args: unknown[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const run = (): void => {
      resolve(requirePromise(owner, Reflect.apply(fn, self, args)))
    }
    // Awaited by nobody: there the trace ends.
    void Promise.resolve().then(run).catch(reject)
  })
}
