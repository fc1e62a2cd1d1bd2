import { Router } from 'express'
import type { Cache } from 'holdfast'

/** How the service is, for probes and dashboards of another kind. Tells nothing about anybody's data. */
export function operationsRoutes(cache: Cache): Router {
  const router = Router()

  // Without Redis the service is slower, not ill: 200 while it answers, so that nobody takes it out of service.
  router.get('/health', async (_req, res) => {
    const { status, state, type, connected } = await cache.health()
    res.set('Cache-Control', 'no-store').json({ status, cache: { state, type, connected } })
  })

  // The keys and Redis's own report stay inside.
  router.get('/cache/stats', async (_req, res) => {
    const { type, state, connected, size, hits, misses, hitRatio } = await cache.getStats()
    res.set('Cache-Control', 'no-store').json({ type, state, connected, size, hits, misses, hitRatio })
  })

  return router
}
