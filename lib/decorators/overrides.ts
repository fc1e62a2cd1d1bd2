import type { CallPlan } from '../cache/call-plan'
import { findPlan } from './cached-method'
import type { DeclaredMethod } from './declared-method'
import { lineage } from './declared-method'
import { planAt } from './decorated-methods'

/** The plans that ask for an override already. */
const asking = new WeakSet<CallPlan>()

/**
 * Lets the cached methods that this one overrides run as if they were not decorated where an override calls them
 * under its own key, by `super`. What they return is no more than a part of what stands there; and the call, which
 * makes that, would wait for itself.
 */
export function takeOver({ place: { home, name, isStatic } }: DeclaredMethod): void {
  // The metadata of standard decorators inherits from one another as the classes do.
  for (const above of lineage(Object.getPrototypeOf(home))) {
    const plan = planAt(above, name, isStatic)
    if (plan === undefined || asking.has(plan)) continue
    asking.add(plan)
    const { when } = plan
    plan.when = (self, args) => !isOverridden(plan, name, self, args) && (when?.(self, args) ?? true)
  }
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
