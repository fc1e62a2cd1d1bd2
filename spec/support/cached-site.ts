import type { OutgoingHttpHeaders } from 'node:http'
import type { Express, Request, Response } from 'express'
import { cacheResponse, createCache } from 'holdfast'
import type { Cache, CacheOptions, Duration, ResponseOptions } from 'holdfast'
import type express from 'express'
import sinon from 'sinon'
import { ManualClock } from './manual-clock'
import { RecordingLogger } from './recording-logger'
import type { Route } from './ways-of-sending'
import { WebServer } from './web-server'
import type { Answer, Question } from './web-server'

/** An application with a cache whose clock stands still, and a client. */
export class CachedSite {
  readonly clock = new ManualClock('2026-05-04T12:00:00Z')
  readonly logger = new RecordingLogger()
  readonly cache: Cache
  readonly app: Express
  readonly #server: WebServer

  private constructor(app: Express, server: WebServer, options: CacheOptions) {
    this.app = app
    this.#server = server
    const { clock, logger } = this
    this.cache = createCache({ redis: false, logger, clock, ...options })
    // What it has to say of Redis is not what is tested.
    logger.lines.length = 0
  }

  static async start(make: typeof express, options: CacheOptions = {}): Promise<CachedSite> {
    const app = make()
    app.set('env', 'test')
    return new CachedSite(app, await WebServer.start(app), options)
  }

  get server(): WebServer {
    return this.#server
  }

  /** Puts a route behind a cache, under `/page`; it can be watched. */
  serve(route: Route, ...[ttl, options]: [ttl?: Duration, options?: ResponseOptions]): sinon.SinonSpy {
    const spy = sinon.spy(route)
    this.app.use('/page', cacheResponse(ttl, { cache: this.cache, ...options }), spy as Route)
    return spy
  }

  async get(headers: OutgoingHttpHeaders = {}): Promise<Answer> {
    return this.ask({ headers })
  }

  async ask(question: Question): Promise<Answer> {
    return this.#server.ask('/page', question)
  }

  /** What the cache says of how it handled a request of these. */
  async status(headers: OutgoingHttpHeaders = {}): Promise<string> {
    return statusOf(await this.get(headers))
  }

  /** The bodies that requests get, one after the other. */
  async texts(...asked: OutgoingHttpHeaders[]): Promise<string[]> {
    const texts: string[] = []
    for (const headers of asked) texts.push((await this.get(headers)).text)
    return texts
  }

  seconds(seconds: number): void {
    this.clock.advance(seconds * 1000)
  }

  async close(): Promise<void> {
    await this.#server.close()
    await this.cache.close()
  }
}

/** What holdfast says in `Cache-Status`, without its name. */
export function statusOf({ headers }: Answer): string {
  return String(headers['cache-status']).replace(/^holdfast; /, '')
}

/** A route that says how often it was run. */
export function counting(fields: OutgoingHttpHeaders = {}, status = 200): Route {
  let runs = 0
  return (_req: Request, res: Response) => {
    res.status(status)
    for (const [name, value] of Object.entries(fields)) if (value !== undefined) res.setHeader(name, value)
    res.end(`run ${String((runs += 1))}`)
  }
}
