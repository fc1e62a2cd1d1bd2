import { planOf } from '../cache/cached'
import type { CallPlan } from '../cache/call-plan'
import type { Stored } from '../client/client-state'
import { describeValue } from '../check-options'
import { NotCacheableError } from '../errors'
import { classesOf, lineage, metadataOf, nameOf } from './declared-method'
import { planAt } from './decorated-methods'

/** The values that a cached method has stored, by the method's own arguments. */
export interface CachedMethod<Args extends readonly unknown[], Value> {
  /** The key of a call with these arguments. @throws {InvalidKeyError} where they name nothing. */
  key(...args: Args): string
  /** What is stored for these arguments; `undefined` is a miss. Never runs the method. */
  get(...args: Args): Promise<Value | undefined>
  /** Whether something is stored for these arguments, be it `undefined`. */
  has(...args: Args): Promise<boolean>
  /** Drops what is stored for these arguments. A run of the method that is under way will not be stored. */
  delete(...args: Args): Promise<Stored>
}

/**
 * The values of a method under `@Cached`, from outside: of an instance, since its key, scope and cache may depend on
 * that, or of a class for a static method.
 *
 * @example
 * await cachedMethod(users, 'find').delete('42')
 *
 * @throws {NotCacheableError} where there is no such method, or it is not under `@Cached`.
 */
export function cachedMethod<Service extends object, Name extends keyof Service>(
  service: Service,
  name: Name,
): Service[Name] extends (...args: infer Args) => Promise<infer Value> ? CachedMethod<Args, Value> : never
export function cachedMethod(service: object, name: PropertyKey): CachedMethod<unknown[], unknown> {
  const plan = findPlan(service, name)
  if (plan === undefined) {
    throw new NotCacheableError(
      `cachedMethod: expected a method under @Cached, got ${describeOwner(service)}.${String(name)}`,
    )
  }
  const { cache, key } = plan
  return {
    key: (...args) => key(service, args),
    get: async (...args) => cache(service).get(key(service, args)),
    has: async (...args) => cache(service).has(key(service, args)),
    delete: async (...args) => cache(service).delete(key(service, args)),
  }
}

/** By its class, where it has one. */
function describeOwner(service: unknown): string {
  const [nearest] = typeof service === 'function' ? [service] : classesOf(service)
  return nearest === undefined ? describeValue(service) : nameOf(nearest)
}

/** The plan of a cached method, found where that is declared, whatever has been put around it or, by a test, in its place. */
export function findPlan(service: object, name: PropertyKey): CallPlan | undefined {
  for (const holder of lineage(service)) {
    const property = Object.getOwnPropertyDescriptor(holder, name)
    if (property === undefined) continue
    const plan = planIn(holder, name, property.value)
    // An instance may have a bound or a spied copy; a class that has the method anew does not cache it.
    if (plan !== undefined || holder !== service || typeof service === 'function') return plan
  }
  return undefined
}

function planIn(holder: object, name: PropertyKey, value: unknown): CallPlan | undefined {
  const own = typeof value === 'function' ? planOf(value) : undefined
  if (own !== undefined) return own
  const isStatic = typeof holder === 'function'
  const metadata = metadataOf(isStatic ? holder : holder.constructor)
  const byMetadata =
    typeof metadata === 'object' && metadata !== null ? planAt(metadata, name, isStatic) : undefined
  return planAt(holder, name, isStatic) ?? byMetadata
}
