import { Router } from 'express'
import type { Request } from 'express'
import { cacheResponse } from 'holdfast'
import type { Cache } from 'holdfast'
import type { TimetableService } from '../services/timetable-service'
import { readId } from './input'

/** `GET /timetable/:classId`, for anybody, kept as a whole response. */
export function timetableRoutes(timetables: TimetableService, cache: Cache): Router {
  const router = Router()
  const tags = (req: Request) => [`class:${String(req.params['classId'])}`]

  router.get('/timetable/:classId', cacheResponse('5m', { cache, tags }), async (req, res) => {
    res.json(await timetables.ofClass(readId('classId', req.params.classId)))
  })

  return router
}
