import express from 'express'
import type { Request, Response } from 'express'
import { expressjwt } from 'express-jwt'
import type { Request as JwtRequest } from 'express-jwt'
import { expectTypeOf } from 'expect-type'
import { Cached, CacheEvict, cacheResponse, rejectBlacklisted, tokenBlacklist } from 'holdfast'

interface User {
  id: string
  name: string
}

declare const db: { user(id: string): Promise<User>; rename(id: string, name: string): Promise<User> }
declare const secret: string
declare function timetable(req: Request, res: Response): void
declare function dashboard(req: Request, res: Response): void

const app = express()
const requireUser = expressjwt({ secret, algorithms: ['HS256'] })

// The snippets that the design begins with, under the types of Express.
export class Users {
  @Cached((id) => ['user', id], '1h')
  async find(id: string) {
    return db.user(id)
  }

  @CacheEvict((id) => ['user', id])
  async rename(id: string, name: string) {
    return db.rename(id, name)
  }
}
expectTypeOf<Users['find']>().toEqualTypeOf<(id: string) => Promise<User>>()

app.get('/timetable/:class', cacheResponse('5m'), timetable)
// What earlier middleware put on the request is untyped, until the parameter is annotated.
// eslint-disable-next-line @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-return
app.get('/dashboard', requireUser, cacheResponse('5m', { scope: (req) => req.auth.sub }), dashboard)

app.use('/api', expressjwt({ secret, algorithms: ['HS256'] }), rejectBlacklisted())
app.post('/logout', async (req: JwtRequest, res) => {
  if (req.auth !== undefined) await tokenBlacklist().revoke(req.auth)
  res.sendStatus(204)
})

// The parameter annotated, where its type is to be checked.
app.get(
  '/dashboard',
  requireUser,
  cacheResponse('5m', { scope: (req: JwtRequest) => req.auth?.sub }),
  dashboard,
)
app.get(
  '/mine',
  requireUser,
  cacheResponse({ scope: (req: JwtRequest) => req.auth?.sub, ignore: ['cookie'] }),
)
app.get(
  '/timetable/:class',
  cacheResponse('5m', { tags: (req: Request) => [`class:${String(req.params['class'])}`] }),
  timetable,
)
// @ts-expect-error -- with the annotation it is seen that nobody may be known
cacheResponse('5m', { scope: (req: JwtRequest) => req.auth.sub as string })
// @ts-expect-error -- a scope is a string or a number
cacheResponse('5m', { scope: (req: JwtRequest) => req.auth })

// A chain with them in it leaves the handler's own types as they are.
app.get('/users/:id', rejectBlacklisted(), cacheResponse('5m'), (req, res) => {
  expectTypeOf(req.params.id).toEqualTypeOf<string>()
  res.sendStatus(200)
})
