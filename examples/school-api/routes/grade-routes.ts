import { Router } from 'express'
import type { Request, RequestHandler } from 'express'
import { cacheResponse } from 'holdfast'
import type { Cache } from 'holdfast'
import { requirePermission } from '../auth/require-permission'
import { requireSchool, userOf } from '../auth/user'
import type { GradeService } from '../services/grade-service'
import type { RoleService } from '../services/role-service'
import { schoolTag } from '../services/school-tag'
import { readId, readScore } from './input'

/** What these routes stand on. */
export interface GradeDependencies {
  readonly grades: GradeService
  readonly roles: RoleService
  readonly cache: Cache
  readonly signedIn: readonly RequestHandler[]
}

/** Reading a gradebook and changing a grade. */
export function gradeRoutes({ grades, roles, cache, signedIn }: GradeDependencies): Router {
  const router = Router()

  // A page behind a login: each user has a copy of their own, and a changed grade voids those of the school.
  const cacheGradebook = cacheResponse('5m', {
    cache,
    scope: (req: Request) => userOf(req).id,
    tags: (req: Request) => [schoolTag(requireSchool(userOf(req)).schoolId)],
  })

  router.get(
    '/gradebook/:courseId',
    ...signedIn,
    requirePermission(roles, 'gradebook:read'),
    cacheGradebook,
    async (req, res) => {
      const courseId = readId('courseId', req.params['courseId'])
      res.json(await grades.book(courseId, requireSchool(userOf(req)).schoolId))
    },
  )

  router.put('/grades/:gradeId', ...signedIn, requirePermission(roles, 'grade:write'), async (req, res) => {
    const grade = { gradeId: readId('gradeId', req.params['gradeId']), score: readScore(req.body) }
    res.json(await grades.change(grade, requireSchool(userOf(req)).schoolId))
  })

  return router
}
