// TypeScript, CommonJS, experimentalDecorators with emitDecoratorMetadata: Express 4 and its types.
import express from 'express'
import type { NextFunction, Request, Response } from 'express'
import { expressjwt } from 'express-jwt'
import type { Request as JwtRequest } from 'express-jwt'
import { Cached, CacheEvict, cacheResponse, rejectBlacklisted, tokenBlacklist } from 'holdfast'
import { SECRET, visit } from '../shared/visit.cjs'

class Users {
  private loads = 0

  @Cached('user:{0}', '1h')
  async find(id: string): Promise<{ id: string; load: number }> {
    return { id, load: ++this.loads }
  }

  @CacheEvict((id) => ['user', id])
  async rename(id: string, name: string): Promise<string> {
    return `${id}: ${name}`
  }
}

const users = new Users()
const app = express()
app.get('/timetable/:class', cacheResponse('5m'), (req, res) => {
  res.json({ class: req.params.class, at: process.hrtime() })
})
app.get('/users/:id', (req, res, next) => {
  users.find(req.params.id).then((user) => res.json(user), next)
})
app.use('/api', expressjwt({ secret: SECRET, algorithms: ['HS256'] }), rejectBlacklisted())
app.get('/api/me', (req: JwtRequest, res) => {
  res.json(req.auth?.name)
})
app.post('/api/logout', (req: JwtRequest, res, next) => {
  tokenBlacklist()
    .revoke(req.auth ?? {})
    .then(() => res.sendStatus(204), next)
})
app.use((error: { status?: number }, req: Request, res: Response, next: NextFunction) => {
  res.sendStatus(error.status ?? 500)
})

async function main(): Promise<void> {
  const seen = await visit(app)
  const before = await users.find('7')
  await users.rename('7', 'Grace')
  const after = await users.find('7')
  // Written by the compiler only where reflect-metadata came before the class.
  const types = Reflect.getMetadata('design:paramtypes', Users.prototype, 'rename') as { name: string }[]
  console.log(
    JSON.stringify({ ...seen, renamed: [before.load, after.load], types: types.map(({ name }) => name) }),
  )
}

void main()
