// TypeScript, CommonJS by package.json, standard decorators: Express 5 and its types. The snippets that the README
// opens with, as they stand, in the smallest service around them.
import express from 'express'
import type { NextFunction, Request, Response } from 'express'
import { expressjwt } from 'express-jwt'
import type { JwtPayload } from 'jsonwebtoken'
import { Cached, CacheEvict, cacheResponse, rejectBlacklisted, tokenBlacklist } from 'holdfast'
import { SECRET as secret, visit } from '../shared/visit.cjs'

declare global {
  namespace Express {
    interface Request {
      auth: JwtPayload
    }
  }
}

let loads = 0
const db = {
  user: async (id: string) => ({ id, load: ++loads }),
  rename: async (id: string, name: string) => `${id}: ${name}`,
}
const app = express()
const requireUser = expressjwt({ secret, algorithms: ['HS256'] })

function timetable(req: Request, res: Response): void {
  res.json({ class: req.params['class'], at: process.hrtime() })
}

function dashboard(req: Request, res: Response): void {
  res.json({ for: req.auth.sub })
}

class Users {
  @Cached((id) => ['user', id], '1h')
  async find(id: string) {
    return db.user(id)
  }

  @CacheEvict((id) => ['user', id])
  async rename(id: string, name: string) {
    await db.rename(id, name)
  }
}

app.get('/timetable/:class', cacheResponse('5m'), timetable)
app.get('/dashboard', requireUser, cacheResponse('5m', { scope: (req) => req.auth.sub }), dashboard)

app.use('/api', expressjwt({ secret, algorithms: ['HS256'] }), rejectBlacklisted())
app.post('/api/logout', async (req, res) => {
  await tokenBlacklist().revoke(req)
  res.sendStatus(204)
})

const users = new Users()
app.get('/users/:id', async (req, res) => {
  res.json(await users.find(req.params.id))
})
app.get('/api/me', (req, res) => {
  res.json(req.auth.sub)
})
app.use((error: { status?: number }, req: Request, res: Response, next: NextFunction) => {
  res.sendStatus(error.status ?? 500)
})

async function main(): Promise<void> {
  const seen = await visit(app, { logoutPath: '/api/logout' })
  const before = await users.find('7')
  await users.rename('7', 'Grace')
  const after = await users.find('7')
  console.log(JSON.stringify({ ...seen, renamed: [before.load, after.load] }))
}

void main()
