import { types } from 'node:util'
import { describeValue } from '../check-options'
import type { Duration } from '../duration'
import { parseDuration } from '../duration'
import { InvalidOptionError, NotCacheableError } from '../errors'
import type { SayOfCall } from './cache'
import type { KeyFunction, Owner } from './cache-key'
import { compileKey } from './cache-key'
import type { CallOptions, CallPlan, ResultTtl } from './call-plan'
import { CALL_OPTIONS, compileResultTags, compileTest, compileTtl, planCalls } from './call-plan'
import type { LoadOptions, Ttl } from './entry-options'
import { parseGrace } from './entry-options'
import { isWithoutCache } from './without-cache'

/** What `cached` and `@Cached` may say beside key and ttl. */
export interface CachedOptions<Self, Args extends readonly unknown[], Value = unknown> extends CallOptions<
  Self,
  Args
> {
  /** Whether a result is not to be stored. Those who asked get it all the same. @default all are stored */
  readonly unless?: (this: Self, result: Value, ...args: Args) => boolean
  /**
   * How long past its ttl a result may still stand in: milliseconds, or a string like `'1h'`; 0 for not at all. It is
   * answered at once then, while the method runs once behind, and for as long as that fails.
   *
   * @default 0
   */
  readonly grace?: Duration
  /**
   * The longest that a call waits where there is nothing to answer with: milliseconds, or a string like `'2s'`. It
   * rejects with a {@link LoaderTimeoutError} then; the method's result is stored for the next call.
   *
   * @default as long as it takes
   */
  readonly loaderTimeout?: Duration
  /** More tags, which can be named only when there is a result. @default none */
  readonly resultTags?: (this: Self, result: Value, ...args: Args) => readonly string[]
}

type Call = [self: unknown, args: readonly unknown[]]

interface LifeOfCall {
  readonly ttl: Ttl | undefined
  readonly options: LoadOptions
}

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
 * @param ttl - how long a result lives: milliseconds, a string like `'5m'` or a function of the result and the
 *   arguments; the cache's own ttl if left out.
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
  ttl?: NoInfer<ResultTtl<Self, Args, Value>>,
  options?: NoInfer<CachedOptions<Self, Args, Value>>,
): AsyncFunction<Self, Args, Value> {
  if (typeof fn !== 'function') {
    throw new InvalidOptionError('cached', `expected a function, got ${describeValue(fn)}`)
  }
  const owner = { label: fn.name === '' ? 'cached' : `cached(${fn.name})` }
  const plan = planCalls(owner, compileKey(owner, key), options, { known: CACHED_OPTIONS })
  const call = cacheCalls(fn as unknown as Method, plan, { ttl, options })
  for (const name of ['name', 'length'] as const)
    Object.defineProperty(call, name, { value: fn[name], configurable: true })
  return call as unknown as AsyncFunction<Self, Args, Value>
}

/** The names of {@link CachedOptions}. */
export const CACHED_OPTIONS = [...CALL_OPTIONS, 'unless', 'grace', 'loaderTimeout', 'resultTags'] as const

/** What {@link cacheCalls} reads of a value's life. */
export interface Life {
  readonly ttl: unknown
  readonly options: Partial<Record<(typeof CACHED_OPTIONS)[number], unknown>> | undefined
}

/** Where the calls of each of these functions find their values. */
const plans = new WeakMap<object, CallPlan>()

/** The plan of a function that {@link cacheCalls} has made. */
export function planOf(fn: object): CallPlan | undefined {
  return plans.get(fn)
}

/** What `cached` and `@Cached` have in common: the function that stands in for another and caches its results. */
export function cacheCalls(fn: Method, plan: CallPlan, life: Life): Method {
  const { owner, cache, key } = plan
  const lives = compileLife(plan, life)
  const say: SayOfCall = (self, args) => ({
    loader: () => runApart(owner, fn, self, args),
    ...lives(self, args),
  })
  // Neither async nor with a closure in it: what a hit costs more than the look-up is the making of its key.
  const call: Method = function (...args) {
    try {
      if (isWithoutCache() || plan.when?.(this, args) === false)
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

/** Compiles how long results live and what they depend on, as the call of a cache is told. */
function compileLife({ owner, tags }: CallPlan, { ttl, options = {} }: Life): (...call: Call) => LifeOfCall {
  const ttlOf = compileTtl(owner, ttl)
  const unless = compileTest(owner, 'unless', options.unless)
  const resultTags = compileResultTags(owner, options.resultTags)
  const fixed = {
    grace: parseGrace(`${owner.label}: grace`, options.grace as Duration | undefined),
    ...(options.loaderTimeout !== undefined && {
      loaderTimeout: parseDuration(options.loaderTimeout as Duration, `${owner.label}: loaderTimeout`),
    }),
  }
  return (self, args) => {
    const named = tags(self, args)
    return {
      ttl:
        typeof ttl === 'function' ? (result) => ttlOf(self, [result, ...args]) as number : ttlOf(self, args),
      options: {
        ...fixed,
        tags:
          resultTags === undefined ? named : (result) => [...named, ...resultTags(self, [result, ...args])],
        ...(unless !== undefined && { unless: (result: unknown) => unless(self, [result, ...args]) }),
      },
    }
  }
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
    const run = (): Promise<unknown> => requirePromise(owner, Reflect.apply(fn, self, args))
    // What the language makes async needs no look at what it returns, and no line of ours in the trace.
    const start = types.isAsyncFunction(fn) ? fn.bind(self, ...args) : run
    // Given on by a function of ours, beyond which no trace goes: it would by that of the promise.
    void Promise.resolve()
      .then(start)
      .then((result) => {
        resolve(result)
      })
      .catch(reject)
  })
}
