import express from 'express'
import type { NextFunction, Request, Response } from 'express'
import {
  Cached,
  cached,
  cacheResponse,
  createCache,
  rejectBlacklisted,
  setDefaultCache,
  tokenBlacklist,
} from 'holdfast'
import type { Cache, Logger, Stored } from 'holdfast'
import jwt from 'jsonwebtoken'
import type { JwtPayload } from 'jsonwebtoken'
import { WebServer } from '../../../support/web-server'
import { Database } from './database'

const SECRET = 'of the acceptance specs'

type VerifiedRequest = Request & { auth?: JwtPayload }

/** A service as a user of holdfast writes one: a cache on its defaults, the three seams, a database behind. */
export class Application {
  readonly database: Database
  readonly cache: Cache
  readonly #web: WebServer

  private constructor(cache: Cache, database: Database, web: WebServer) {
    this.cache = cache
    this.database = database
    this.#web = web
  }

  /** An application that listens. It doesn't wait for Redis. */
  static async start(redis: string, logger: Logger): Promise<Application> {
    const cache = createCache({ redis, logger })
    setDefaultCache(cache)
    const database = new Database()
    return new Application(cache, database, await WebServer.start(routes(database)))
  }

  /** Asks this application's web server, with the token of that name. The text, or the status where it isn't 200. */
  async get(path: string, tokenId: string): Promise<string> {
    // Both instances are the same host to their users.
    const headers = { host: 'school.example', authorization: `Bearer ${tokenOf(tokenId)}` }
    const { status, text } = await this.#web.exchange(path, { headers })
    return status === 200 ? text : String(status)
  }

  /** Refuses the token of that name. */
  revoke(tokenId: string): Promise<Stored> {
    return tokenBlacklist().revoke(tokenOf(tokenId))
  }

  /** Ends the web server. The cache is for the caller to close. */
  close(): Promise<void> {
    return this.#web.close()
  }
}

function routes(database: Database): express.Express {
  class Reports {
    @Cached((id: string) => ['report', id], '1h', { tags: (id: string) => [`report:${id}`] })
    find(id: string): Promise<string> {
      return database.query(`report:${id}`)
    }
  }
  const reports = new Reports()
  const findSchool = cached(
    (id: string) => database.query(`school:${id}`),
    (id) => ['school', id],
    '1h',
  )
  const app = express()
  app.get('/schools/:id', cacheResponse('1s', { ignore: ['authorization'] }), async (req, res) => {
    res.send(await findSchool(req.params.id))
  })
  app.get(
    '/reports/:id',
    verified,
    rejectBlacklisted(),
    cacheResponse<VerifiedRequest>('1h', {
      scope: (req) => req.auth?.sub,
      tags: (req) => [`report:${String(req.params['id'])}`],
    }),
    async (req: Request<{ id: string }>, res: Response) => {
      res.send(await reports.find(req.params.id))
    },
  )
  app.use((error: Error & { status?: number }, _req: Request, res: Response, next: NextFunction) => {
    if (res.headersSent) next(error)
    else res.status(error.status ?? 500).send(error.message)
  })
  return app
}

function verified(req: VerifiedRequest, _res: Response, next: NextFunction): void {
  const token = req.headers.authorization?.replace('Bearer ', '') ?? ''
  req.auth = jwt.verify(token, SECRET) as JwtPayload
  next()
}

// Every process signs the same token for the same name: it has no time of issue.
function tokenOf(id: string): string {
  const exp = Math.ceil(new Date('2100-01-01').getTime() / 1000)
  return jwt.sign({ sub: 'everybody', jti: id, exp }, SECRET, { noTimestamp: true })
}
