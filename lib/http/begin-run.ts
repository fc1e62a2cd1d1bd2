import { handOn } from './passage'
import { RouteRun } from './route-run'
import type { RunPlan } from './run-plan'
import type { Visit } from './visit'
import { tell } from './visit'

/**
 * Prepares a run, and hands the request on. Where somebody has made of it what can't be watched, the route runs as
 * without a cache.
 */
export function beginRun(visit: Visit, plan: RunPlan, next: () => void): RouteRun | undefined {
  const { permit } = plan
  if (permit !== undefined) visit.store.hold(permit)
  const run = runOf(visit, plan)
  try {
    next()
  } catch (error) {
    if (permit !== undefined) visit.store.giveBack(permit)
    throw error
  }
  return run
}

function runOf(visit: Visit, plan: RunPlan): RouteRun | undefined {
  const passage = handOn(visit.req, visit, plan.tags)
  try {
    const run = new RouteRun(visit, plan, passage.found)
    passage.run = run
    return run
  } catch (error) {
    visit.store.refuse(plan.permit, error)
    Reflect.set(visit.req, 'headers', passage.found)
    tell(visit, { fwd: plan.fwd })
    return undefined
  }
}
