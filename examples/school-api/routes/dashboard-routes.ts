import { Router } from 'express'
import type { RequestHandler } from 'express'
import { userOf } from '../auth/user'
import type { DashboardService } from '../services/dashboard-service'

/** `GET /dashboard`: the one that fits who is asking. */
export function dashboardRoutes(dashboards: DashboardService, signedIn: readonly RequestHandler[]): Router {
  const router = Router()

  router.get('/dashboard', ...signedIn, async (req, res) => {
    res.set('Cache-Control', 'private, no-cache').json(await dashboards.of(userOf(req)))
  })

  return router
}
