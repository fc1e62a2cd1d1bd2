// CommonJS JavaScript: Express 5.
const express = require('express')
const { expressjwt } = require('express-jwt')
const { cached, cacheResponse, rejectBlacklisted, tokenBlacklist } = require('holdfast')
const { visit, SECRET } = require('../shared/visit.cjs')

let loads = 0
const findUser = cached(
  async (id) => ({ id, load: ++loads }),
  (id) => ['user', id],
  '1h',
)

const app = express()
app.get('/timetable/:class', cacheResponse('5m'), (req, res) =>
  res.json({ class: req.params.class, at: process.hrtime() }),
)
app.get('/users/:id', async (req, res) => res.json(await findUser(req.params.id)))
app.use('/api', expressjwt({ secret: SECRET, algorithms: ['HS256'] }), rejectBlacklisted())
app.get('/api/me', (req, res) => res.json(req.auth.name))
app.post('/api/logout', async (req, res) => {
  await tokenBlacklist().revoke(req.auth)
  res.sendStatus(204)
})
app.use((error, req, res, next) => res.sendStatus(error.status ?? 500))

visit(app).then((seen) => console.log(JSON.stringify(seen)))
