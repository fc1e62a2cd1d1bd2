// TypeScript, ESM under nodenext, without @types/express: Express 5, standard decorators, a cache of its own.
import express from 'express'
import type { NextFunction, Request, Response } from 'express'
import { expressjwt } from 'express-jwt'
import {
  Cached,
  cacheResponse,
  createCache,
  createTokenBlacklist,
  HoldfastError,
  rejectBlacklisted,
} from 'holdfast'
import type { Cache, CacheStats } from 'holdfast'
import { SECRET, visit } from '../shared/visit.cjs'

const cache: Cache = createCache({
  redis: false,
  namespace: 'nodenext',
  ttl: '1h',
  memory: { maxEntries: 100 },
})
const blacklist = createTokenBlacklist({ cache })

class Users {
  #loads = 0

  @Cached((id) => ['user', id], '1h', { cache, tags: (id) => [`user:${id}`] })
  async find(id: string) {
    return { id, load: ++this.#loads }
  }
}

const users = new Users()
const app = express()
app.get('/timetable/:class', cacheResponse('5m', { cache }), (req, res) => {
  res.json({ class: req.params['class'], at: process.hrtime() })
})
app.get('/users/:id', async (req, res) => {
  res.json(await users.find(req.params['id'] ?? ''))
})
app.use('/api', expressjwt({ secret: SECRET, algorithms: ['HS256'] }), rejectBlacklisted({ blacklist }))
app.get('/api/me', (req, res) => res.json(req.auth?.name))
app.post('/api/logout', async (req, res) => {
  await blacklist.revoke(req.auth ?? {})
  res.sendStatus(204)
})
app.use((error: { status?: number }, req: Request, res: Response, next: NextFunction) => {
  res.sendStatus(error instanceof HoldfastError && error.code === 'revoked_token' ? 401 : 500)
})

const seen = await visit(app)
const stats: CacheStats = await cache.getStats()
console.log(JSON.stringify({ ...seen, type: stats.type, state: stats.state }))
