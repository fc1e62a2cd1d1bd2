// Jest, which gives each test file modules of its own.
const express = require('express')
const { expressjwt } = require('express-jwt')
const {
  Cached,
  cached,
  cacheResponse,
  createCache,
  rejectBlacklisted,
  setDefaultCache,
  tokenBlacklist,
} = require('holdfast')
const { visit, SECRET } = require('../shared/visit.cjs')

let cache

beforeEach(() => {
  cache = createCache({ redis: false, logger: false })
  setDefaultCache(cache)
})

afterEach(() => cache.close())

test('an app behaves as it does outside', async () => {
  const app = express()
  app.get('/timetable/:class', cacheResponse('5m'), (req, res) =>
    res.json({ class: req.params.class, at: process.hrtime() }),
  )
  app.get('/users/:id', (req, res) => res.json(req.params.id))
  app.use('/api', expressjwt({ secret: SECRET, algorithms: ['HS256'] }), rejectBlacklisted())
  app.get('/api/me', (req, res) => res.json(req.auth.name))
  app.post('/api/logout', (req, res) =>
    tokenBlacklist()
      .revoke(req.auth)
      .then(() => res.sendStatus(204)),
  )
  app.use((error, req, res, next) => res.sendStatus(error.status ?? 500))
  const { timetables, cacheStatus, token } = await visit(app)
  expect(timetables[1]).toBe(timetables[0])
  expect(cacheStatus[1]).toContain('hit')
  expect(token).toEqual([200, 204, 401])
})

test('a function mocked by Jest is cached', async () => {
  const load = jest.fn(async (id) => ({ id }))
  const find = cached(load, 'user:{0}', '1h')
  expect(await Promise.all([find('7'), find('7')])).toEqual([{ id: '7' }, { id: '7' }])
  expect(load).toHaveBeenCalledTimes(1)
})

test('values keep their prototypes across the boundary of the module registry', async () => {
  await cache.set('when', { at: 'noon', list: [1, 2] }, 1000)
  expect(await cache.get('when')).toEqual({ at: 'noon', list: [1, 2] })
  expect(typeof Cached).toBe('function')
})
