import type { CallPlan } from '../cache/call-plan'
import type { DeclaredMethod } from './declared-method'
import { nameOf } from './declared-method'

/** One decorator on one method, for documentation and status pages. */
export interface DecoratedMethod {
  /** `'@Cached'`, `'@CachePut'` or `'@CacheEvict'`. */
  readonly decorator: string
  /** The class that declares it. With standard decorators it is known once there has been an instance. */
  readonly className: string | undefined
  /** The name of the method. */
  readonly method: string
  /** Whether it is a method of the class itself. */
  readonly isStatic: boolean
  /** The template of the key, or in which other way it is made; `'none'` where only tags or all are dropped. */
  readonly key: string
  /** How long a result lives, as it was written; `'by result'` for a function; nothing for the cache's own ttl. */
  readonly ttl: number | string | undefined
  /** The fixed tags, or that they are made for each call. */
  readonly tags: readonly string[] | 'by arguments'
}

/** What a decorator was given, of which the list shows what can be shown. */
export interface Given {
  readonly key: unknown
  readonly ttl?: unknown
  readonly tags: unknown
}

interface Entry {
  readonly method: DeclaredMethod
  readonly given: Given
}

const entries: Entry[] = []
/** The methods whose results are cached, by their homes. */
const cachedOnes = new WeakMap<object, { readonly method: DeclaredMethod; readonly plan: CallPlan }[]>()

/** Notes what stands under a decorator; with a plan, that its results are cached. */
export function noteDecorated(method: DeclaredMethod, given: Given, plan?: CallPlan): void {
  entries.push({ method, given })
  if (plan === undefined) return
  const { home } = method.place
  cachedOnes.set(home, [...(cachedOnes.get(home) ?? []), { method, plan }])
}

/** The plan of a cached method, by where it stands: the outermost, where it stands under several. */
export function planAt(home: object, name: PropertyKey, isStatic: boolean): CallPlan | undefined {
  return cachedOnes
    .get(home)
    ?.findLast(({ method: { place } }) => place.name === name && place.isStatic === isStatic)?.plan
}

/** All methods that stand under a decorator of holdfast, in the order in which they were declared. */
export function decoratedMethods(): readonly DecoratedMethod[] {
  return entries.map(({ method: { place, declaredIn }, given }) => ({
    decorator: place.decorator,
    className: declaredIn && nameOf(declaredIn),
    method: String(place.name),
    isStatic: place.isStatic,
    key: describeKey(given.key),
    ttl: typeof given.ttl === 'function' ? 'by result' : (given.ttl as number | string | undefined),
    tags: typeof given.tags === 'function' ? 'by arguments' : ((given.tags ?? []) as readonly string[]),
  }))
}

function describeKey(key: unknown): string {
  if (typeof key === 'string') return key
  return typeof key === 'function' ? 'by function' : key === null ? 'none' : 'by class, method and arguments'
}
