// ESM JavaScript: named imports, the same instance as by require, and the functions by themselves.
import { createRequire } from 'node:module'
import express from 'express'
import { expressjwt } from 'express-jwt'
import * as holdfast from 'holdfast'
import {
  cached,
  cacheResponse,
  createCache,
  defaultCache,
  rejectBlacklisted,
  setDefaultCache,
  tokenBlacklist,
} from 'holdfast'
import * as testing from 'holdfast/testing'
import visiting from '../shared/visit.cjs'

const require = createRequire(import.meta.url)
const same = (module, name) => Object.entries(require(name)).every(([key, value]) => module[key] === value)

const cache = createCache({ namespace: 'esm' })
setDefaultCache(cache)

let loads = 0
const findUser = cached(async (id) => ({ id, load: ++loads }), 'user:{0}', '1h')

const app = express()
app.get('/timetable/:class', cacheResponse('5m'), (req, res) =>
  res.json({ class: req.params.class, at: process.hrtime() }),
)
app.get('/users/:id', async (req, res) => res.json(await findUser(req.params.id)))
app.use('/api', expressjwt({ secret: visiting.SECRET, algorithms: ['HS256'] }), rejectBlacklisted())
app.get('/api/me', (req, res) => res.json(req.auth.name))
app.post('/api/logout', async (req, res) => {
  await tokenBlacklist().revoke(req.headers.authorization.slice('Bearer '.length))
  res.sendStatus(204)
})
app.use((error, req, res, next) => res.sendStatus(error.status ?? 500))

const seen = await visiting.visit(app)
const isSame =
  same(holdfast, 'holdfast') &&
  same(testing, 'holdfast/testing') &&
  require('holdfast').defaultCache() === cache
console.log(
  JSON.stringify({
    ...seen,
    isSame: isSame && defaultCache() === cache,
    contract: testing.clientContract.length > 0,
  }),
)
