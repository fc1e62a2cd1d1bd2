import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import type { RequestHandler, Response } from 'express'
import { cacheResponse, createCache } from 'holdfast'
import type { CacheOptions } from 'holdfast'
import { createClient, RESP_TYPES } from 'redis'

/** What is compared: each is a route that gives 10 KB of JSON. */
export type Contender =
  | 'by hand'
  | 'no cache'
  | 'body copied'
  | 'stored by hand'
  | 'stored by hand, Redis'
  | 'res.send'
  | 'res.json'
  | 'holdfast'
  | 'holdfast, Redis'
  | 'holdfast, Redis, no near cache'
  | 'holdfast, no ttl'

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
const byHand = new Map([['/', { fields, body }]])

interface Kept {
  readonly fields: object
  readonly body: Buffer
}

/** With room for as much as an application gives it: the oldest goes. */
const MOST_STORED = 10_000
const stored = new Map<string, Kept>()
const keys: string[] = []
const bodies: Buffer[] = []
let turn = 0

function keep(key: string, response: Kept): void {
  const oldest = keys[turn]
  if (oldest !== undefined) stored.delete(oldest)
  keys[turn] = key
  turn = (turn + 1) % MOST_STORED
  stored.set(key, response)
}

const [, , name = 'by hand', url, waitMs = '0'] = process.argv

/** Of Express's own `res.json`, which sends all at once. */
function onEnd(res: Response, take: (body: Buffer) => void): void {
  const { end } = res as unknown as { end: (...args: unknown[]) => Response }
  res.end = ((...args: unknown[]) => {
    end.apply(res, args)
    take(args[0] as Buffer)
    return res
  }) as typeof res.end
}

/** Over a Redis of the bench's own, or in memory with room for as much as an application gives it. */
function cacheOf(options: CacheOptions = {}): RequestHandler {
  const cache = createCache({ redis: false, logger: false, ...options })
  return cacheResponse('5m', { cache }) as RequestHandler
}

const middleware: Record<Contender, () => RequestHandler> = {
  'by hand': () => (req, res, next) => {
    const found = byHand.get(req.originalUrl)
    if (found === undefined) {
      next()
      return
    }
    for (const [field, value] of found.fields) res.setHeader(field, value)
    res.end(found.body)
  },
  'no cache': () => (_req, _res, next) => {
    next()
  },
  // What nobody does without who keeps what is sent: it could not be found again.
  'body copied': () => (_req, res, next) => {
    onEnd(res, (body) => {
      bodies[turn] = Buffer.from(body)
      turn = (turn + 1) % MOST_STORED
    })
    next()
  },
  // No more than has to be done: it keeps a copy of what is sent.
  'stored by hand': () => (req, res, next) => {
    onEnd(res, (body) => {
      keep(req.originalUrl, { fields: res.getHeaders(), body: Buffer.from(body) })
    })
    next()
  },
  // One look-up before the route, and one entry behind it. Whatever goes wrong, fails the request.
  'stored by hand, Redis': () => {
    const redis = createClient({ url: url ?? '' }).withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
    void redis.connect()
    return (req, res, next) => {
      void redis.get(req.originalUrl).then((found) => {
        if (found !== null) throw new Error('Asked for twice')
        onEnd(res, (body) => {
          const head = Buffer.from(`${JSON.stringify(res.getHeaders())}\n`)
          void redis.set(req.originalUrl, Buffer.concat([head, body]), { PX: 300_000 })
        })
        next()
      }, next)
    }
  },
  'res.send': () => (_req, res) => res.type('json').send(text),
  'res.json': () => (_req, res) => res.json(rows),
  holdfast: () => cacheOf(),
  'holdfast, Redis': () => cacheOf({ redis: url ?? '' }),
  'holdfast, Redis, no near cache': () => cacheOf({ redis: url ?? '', nearCache: false }),
  'holdfast, no ttl': () =>
    cacheResponse({ cache: createCache({ redis: false, logger: false }) }) as RequestHandler,
}

/** Serves one contender, tells the parent where, and what it has taken of the processor when it is asked. */
const app = express()
app.get('/', middleware[name as Contender](), (_req, res) => {
  if (waitMs === '0') res.json(rows)
  else setTimeout(() => res.json(rows), Number(waitMs))
})
const server = createServer(app).listen(0, '127.0.0.1', () => {
  process.send?.((server.address() as AddressInfo).port)
})
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.(user + system)
})
process.once('disconnect', () => process.exit())
