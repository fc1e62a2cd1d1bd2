import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import type { RequestHandler } from 'express'
import { cacheResponse, createCache } from 'holdfast'

/** What is compared: each is a route that gives 10 KB of JSON. */
export const contenders = ['by hand', 'holdfast', 'res.send', 'res.json', 'no cache', 'a miss'] as const

/** One of them. */
export type Contender = (typeof contenders)[number]

const rows = Array.from({ length: 100 }, (_, id) => ({
  id,
  name: `student ${String(id)}`,
  text: 'x'.repeat(60),
}))
const text = JSON.stringify(rows)
const body = Buffer.from(text)
const fields = [
  ['X-Powered-By', 'Express'],
  ['Content-Type', 'application/json; charset=utf-8'],
  ['ETag', 'W/"2a4c-1"'],
  ['Content-Length', String(body.length)],
] as const

const cache = createCache({ redis: false, logger: false })
const byHand = new Map([['/', { fields, body }]])

const middleware: Record<Contender, RequestHandler[]> = {
  'by hand': [
    (req, res, next) => {
      const found = byHand.get(req.originalUrl)
      if (found === undefined) {
        next()
        return
      }
      for (const [name, value] of found.fields) res.setHeader(name, value)
      res.end(found.body)
    },
  ],
  holdfast: [cacheResponse('5m', { cache }) as RequestHandler],
  'res.send': [(_req, res) => res.type('json').send(text)],
  'res.json': [(_req, res) => res.json(rows)],
  'no cache': [(_req, res) => res.json(rows)],
  // Each is another one: by the time.
  'a miss': [cacheResponse('5m', { cache, key: () => String(process.hrtime.bigint()) }) as RequestHandler],
}

/** Serves one contender, and tells the parent where. */
const [, , name = 'by hand'] = process.argv
const app = express()
app.get('/', ...middleware[name as Contender], (_req, res) => res.json(rows))
const server = createServer(app).listen(0, '127.0.0.1', () => {
  process.send?.((server.address() as AddressInfo).port)
})
process.once('disconnect', () => process.exit())
