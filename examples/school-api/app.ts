import express from 'express'
import type { Express } from 'express'
import { createTokenBlacklist, rejectBlacklisted } from 'holdfast'
import type { Cache } from 'holdfast'
import { SessionTokens } from './auth/session-tokens'
import type { Database } from './database/database'
import { dashboardRoutes } from './routes/dashboard-routes'
import { errorResponses, unknownRoute } from './routes/error-responses'
import { gradeRoutes } from './routes/grade-routes'
import { operationsRoutes } from './routes/operations-routes'
import { sessionRoutes } from './routes/session-routes'
import { timetableRoutes } from './routes/timetable-routes'
import { AccountService } from './services/account-service'
import { DashboardService } from './services/dashboard-service'
import { GradeService } from './services/grade-service'
import { RoleService } from './services/role-service'
import { TimetableService } from './services/timetable-service'

/** What the service stands on. */
export interface AppOptions {
  /** The database; stays the caller's to close. */
  readonly db: Database
  /** The cache of dashboards, roles, responses and revoked tokens; stays the caller's to close. */
  readonly cache: Cache
  /** What session tokens are signed with: the same on every instance. */
  readonly jwtSecret: string
  /** Gets errors that are nobody's fault but ours. @default `console.error` */
  readonly report?: (error: unknown) => void
}

/** The school API as an Express application that nobody listens to yet. */
export function createApp({ db, cache, jwtSecret, report = console.error }: AppOptions): Express {
  const roles = new RoleService(db, cache)
  const dashboards = new DashboardService(db, cache)
  const grades = new GradeService(db, dashboards)
  const accounts = new AccountService(db)
  const timetables = new TimetableService(db)

  const tokens = new SessionTokens(jwtSecret)
  const blacklist = createTokenBlacklist({ cache })
  const signedIn = [tokens.verify, rejectBlacklisted({ blacklist })]

  const app = express()
  app.disable('x-powered-by')
  app.use(express.json({ limit: '10kb' }))
  app.use(operationsRoutes(cache))
  app.use(timetableRoutes(timetables, cache))
  app.use(sessionRoutes({ accounts, tokens, blacklist, signedIn }))
  app.use(dashboardRoutes(dashboards, signedIn))
  app.use(gradeRoutes({ grades, roles, cache, signedIn }))
  app.use(unknownRoute)
  app.use(errorResponses(report))
  return app
}
