import type { CallPlan } from '../cache/call-plan'
import { findPlan } from './cached-method'
import type { DeclaredMethod } from './declared-method'
import { lineage, metadataOf } from './declared-method'
import { planAt } from './decorated-methods'

/** The plans that ask for an override already. */
const asking = new WeakSet<CallPlan>()

/**
 * Lets the cached methods that this one overrides run as if they were not decorated where an override calls them
 * under its own key, by `super`. What they return is no more than a part of what stands there; and the call, which
 * makes that, would wait for itself.
 */
export function takeOver(method: DeclaredMethod): void {
  const { name, isStatic } = method.place
  method.onceClassIsKnown(() => {
    const [, ...above] = lineage(method.declaredIn)
    for (const one of above) {
      const home = isStatic ? one : (one as { prototype?: object }).prototype
      const plan = planOn(home, name, isStatic) ?? planOn(metadataOf(one), name, isStatic)
      if (plan !== undefined) letOverride(plan, name)
    }
  })
}

function planOn(home: unknown, name: PropertyKey, isStatic: boolean): CallPlan | undefined {
  return typeof home === 'object' || typeof home === 'function'
    ? planAt(home ?? {}, name, isStatic)
    : undefined
}

function letOverride(plan: CallPlan, name: PropertyKey): void {
  if (asking.has(plan)) return
  asking.add(plan)
  const { when } = plan
  plan.when = (self, args) => !isOverridden(plan, name, self, args) && (when?.(self, args) ?? true)
}

/** Whether what the call makes stands under the key of an override, which has called it. */
function isOverridden(plan: CallPlan, name: PropertyKey, self: unknown, args: readonly unknown[]): boolean {
  if (self === null || (typeof self !== 'object' && typeof self !== 'function')) return false
  const nearest = findPlan(self, name)
  if (nearest === undefined || nearest === plan || nearest.cache(self) !== plan.cache(self)) return false
  const key = plan.key(self, args)
  try {
    return nearest.key(self, args) === key
  } catch {
    // Arguments that name nothing to the override name something else than its key.
    return false
  }
}
