import { randomBytes } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { request } from 'node:http'
import { once } from 'node:events'
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { createServer as createSecureServer, request as secureRequest } from 'node:https'
import type { RequestOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import type { ConnectionOptions } from 'node:tls'
import { expect } from 'chai'
import compression from 'compression'
import cookieParser from 'cookie-parser'
import cors from 'cors'
import type { ErrorRequestHandler, Express, NextFunction, Request, RequestHandler, Response } from 'express'
import { rateLimit } from 'express-rate-limit'
import session from 'express-session'
import helmet from 'helmet'
import { cacheResponse } from 'holdfast'
import type { ResponseOptions } from 'holdfast'
import createError from 'http-errors'
import morgan from 'morgan'
import multer from 'multer'
import { CachedSite, statusOf } from '../../support/cached-site'
import { expressVersions } from '../../support/express-versions'
import type { Route } from '../../support/ways-of-sending'
import type { Answer } from '../../support/web-server'

const LONG = 'a body that is worth compressing, '.repeat(100)
const sessions = (): RequestHandler => session({ secret: 's3cr3t', resave: false, saveUninitialized: true })

for (const [version, express] of expressVersions) {
  describe(`cacheResponse among the middleware of others, under ${version}`, () => {
    let site: CachedSite
    let app: Express
    let runs: number

    beforeEach(async () => {
      site = await CachedSite.start(express)
      ;({ app } = site)
      runs = 0
    })

    afterEach(() => site.close())

    const cached = (options: ResponseOptions = {}) => cacheResponse('5m', { cache: site.cache, ...options })
    const page: Route = (_req, res) => res.type('text/plain').send(`${LONG}${String((runs += 1))}`)
    const get = (headers: OutgoingHttpHeaders = {}) => site.get(headers)
    const gzip = { 'accept-encoding': 'gzip' }
    const plainOf = ({ headers, body }: Answer) =>
      String(headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body)

    const places: [place: string, chain: (middleware: RequestHandler) => void][] = [
      ['before the cache', (middleware) => void app.use(middleware, cached() as RequestHandler)],
      ['behind the cache', (middleware) => void app.use(cached() as RequestHandler, middleware)],
    ]

    for (const [place, chain] of places) {
      it(`compression ${place}: each client gets the encoding that it takes, once, of one or two runs`, async () => {
        chain(compression())
        app.get('/page', page)
        const answers = [await get(gzip), await get(gzip), await get(), await get(gzip), await get()]
        expect(answers.map(({ headers }) => headers['content-encoding'])).to.deep.equal([
          'gzip',
          'gzip',
          undefined,
          'gzip',
          undefined,
        ])
        expect(answers.every((answer) => plainOf(answer).startsWith(LONG))).to.be.true
        expect(runs).to.be.at.most(2)
        expect(statusOf(answers[3] as Answer)).to.match(/^hit/)
        expect(statusOf(answers[4] as Answer)).to.match(/^hit/)
      })

      it(`cors ${place}: each origin is told what is for it`, async () => {
        chain(cors({ origin: /\.example$/ }))
        app.get('/page', page)
        for (const origin of ['https://a.example', 'https://b.example', 'https://a.example']) {
          const { headers } = await get({ origin })
          expect(headers['access-control-allow-origin']).to.equal(origin)
        }
        expect(runs).to.equal(2)
      })

      it(`helmet ${place}: its fields are there once, on hits too`, async () => {
        chain(helmet() as RequestHandler)
        app.get('/page', page)
        const [first, second] = [await get(), await get()]
        const own = ({ lines }: Answer) => lines.filter(([name]) => /security|x-|origin/i.test(name)).sort()
        expect(own(second)).to.deep.equal(own(first))
        expect(own(second).length).to.be.greaterThan(5)
        expect(runs).to.equal(1)
      })

      it(`morgan ${place}: keeps nothing from being stored`, async () => {
        const lines: string[] = []
        chain(morgan('combined', { stream: { write: (line) => lines.push(line) } }))
        app.get('/page', page)
        await get()
        await get()
        expect(runs).to.equal(1)
        expect(lines).to.have.length(place === 'before the cache' ? 2 : 1)
      })

      it(`body parsers and multer ${place}: keep nothing from being stored, and posts from nothing`, async () => {
        chain(express.json())
        app.use(express.urlencoded({ extended: true }), multer().none())
        app.get('/page', page)
        app.post('/page', (req, res) => res.json(req.body))
        await get()
        const posted = await site.ask({
          method: 'POST',
          body: '{"a":1}',
          headers: { 'content-type': 'application/json', 'content-length': 7 },
        })
        expect(posted.text).to.equal('{"a":1}')
        await get()
        await get()
        expect(runs).to.equal(2)
      })

      it(`express-session ${place}: a response that gives out a session is never stored`, async () => {
        chain(sessions())
        app.get('/page', page)
        const [first, second] = [await get(), await get()]
        const cookies = [first, second].map(({ headers }) => headers['set-cookie']?.[0])
        expect(cookies[0]).to.match(/^connect\.sid=/)
        expect(cookies[1])
          .to.match(/^connect\.sid=/)
          .and.not.equal(cookies[0])
        expect(runs).to.equal(2)
      })

      it(`express-session ${place}: what is read of it is never shared`, async () => {
        chain(session({ secret: 's3cr3t', resave: false, saveUninitialized: false }))
        app.get('/log-in/:name', (req, res) => {
          Object.assign(req.session, { who: req.params.name })
          res.end()
        })
        app.get('/page', (req, res) => {
          res
            .set('Cache-Control', 'public, max-age=60')
            .send(`hello ${String((req.session as { who?: string }).who)}`)
        })
        const cookieOf = async (name: string) => {
          const { headers } = await site.server.get(`/log-in/${name}`)
          return { cookie: headers['set-cookie']?.[0]?.split(';')[0] ?? '' }
        }
        const [ann, bob] = [await cookieOf('ann'), await cookieOf('bob')]
        expect(await site.texts(ann, bob, ann, {})).to.deep.equal([
          'hello ann',
          'hello bob',
          'hello ann',
          'hello undefined',
        ])
      })

      it(`cookie-parser ${place}: what is read of it is never shared${place === 'before the cache' ? ', and nothing else is kept from it' : ', nor is anything else: it reads them for all'}`, async () => {
        chain(cookieParser())
        app.get('/page', (req, res) => {
          res.set('Cache-Control', 'max-age=60')
          res.send(
            req.query['who'] === undefined
              ? `run ${String((runs += 1))}`
              : (req.cookies as { who?: string }).who,
          )
        })
        const of = async (path: string, cookie: string) => (await site.server.get(path, { cookie })).text
        expect([await of('/page?who', 'who=ann'), await of('/page?who', 'who=bob')]).to.deep.equal([
          'ann',
          'bob',
        ])
        const second = place === 'before the cache' ? 'run 1' : 'run 2'
        expect([await of('/page', 'who=ann'), await of('/page', 'who=bob')]).to.deep.equal(['run 1', second])
      })
    }

    it('compression before the cache: a 304 has no body, and HEAD none either', async () => {
      app.use(compression(), cached() as RequestHandler)
      app.get('/page', page)
      const { headers } = await get(gzip)
      expect(await get({ ...gzip, 'if-none-match': headers.etag })).to.include({ status: 304, text: '' })
      expect(await site.ask({ method: 'HEAD', headers: gzip })).to.include({ status: 200, text: '' })
    })

    it('express-rate-limit before the cache: counts hits, and tells each client its own count', async () => {
      app.use(
        rateLimit({ windowMs: 60_000, limit: 2, standardHeaders: 'draft-6' }),
        cached() as RequestHandler,
      )
      app.get('/page', page)
      const answers = [await get(), await get(), await get()]
      expect(answers.map(({ status }) => status)).to.deep.equal([200, 200, 429])
      expect(answers.map(({ headers }) => headers['ratelimit-remaining'])).to.deep.equal(['1', '0', '0'])
      expect(runs).to.equal(1)
    })

    it('express-rate-limit behind the cache: its refusal is not stored', async () => {
      app.use(cached({ query: ['page'] }) as RequestHandler, rateLimit({ windowMs: 60_000, limit: 1 }))
      app.get('/page', page)
      const of = async (path: string) => (await site.server.get(path)).status
      expect([await of('/page?page=1'), await of('/page?page=2'), await of('/page?page=2')]).to.deep.equal([
        200, 429, 429,
      ])
    })

    it('http-errors: an error page is not stored, whatever had been declared', async () => {
      app.get('/page', cached() as RequestHandler, (_req, res, next) => {
        res.set('Cache-Control', 'public, max-age=60')
        next(createError((runs += 1) === 1 ? 404 : 503))
      })
      app.use((error: { status: number }, _req: Request, res: Response, next: NextFunction) => {
        if (res.headersSent) next(error)
        else res.status(error.status).send(`error ${String(error.status)}`)
      })
      expect(statusOf(await get())).to.match(/stored|status/)
      site.seconds(61)
      const [second, third] = [await get(), await get()]
      expect([second.status, third.status]).to.deep.equal([503, 503])
      expect(runs).to.equal(3)
    })

    it('compression before the cache: a part is given of the bytes that are stored, or not at all (RFC 9110 §14.2)', async () => {
      app.use(compression(), cached() as RequestHandler)
      app.get('/page', page)
      const range = 'bytes=0-2999'
      await get()
      const part = await get({ range })
      expect([part.status, part.text]).to.deep.equal([206, LONG.slice(0, 3000)])
      for (const coding of ['identity', 'gzip;q=0', 'br;q=0.0, identity;q=1'])
        expect((await get({ range, 'accept-encoding': coding })).status).to.equal(206)
      const whole = await get({ range, ...gzip })
      expect(whole.status).to.equal(200)
      expect(plainOf(whole)).to.equal(`${LONG}1`)
    })

    it('HTTPS: is answered from the cache, and shares nothing with HTTP (RFC 9110 §4.2.2)', async () => {
      app.get('/page', cached() as RequestHandler, (req, res) =>
        res.send(`${req.protocol} ${String((runs += 1))}`),
      )
      // A shared key in the place of a certificate.
      const psk = randomBytes(16)
      const secured = { ciphers: 'PSK', maxVersion: 'TLSv1.2' } as const
      const server = createSecureServer({ ...secured, pskCallback: () => psk }, app)
      await once(server.listen(0, '127.0.0.1'), 'listening')
      const { port } = server.address() as AddressInfo
      const overTls = async (): Promise<string> => {
        const options: RequestOptions & ConnectionOptions = {
          ...secured,
          port,
          host: '127.0.0.1',
          path: '/page',
          headers: { host: site.server.host },
          agent: false,
          pskCallback: () => ({ psk, identity: 'client' }),
          checkServerIdentity: () => undefined,
        }
        const asked = secureRequest(options)
        asked.end()
        const [response] = (await once(asked, 'response')) as [IncomingMessage]
        return text(response)
      }
      try {
        expect([await overTls(), await overTls()]).to.deep.equal(['https 1', 'https 1'])
        expect([(await get()).text, (await get()).text]).to.deep.equal(['http 2', 'http 2'])
      } finally {
        server.close()
      }
    })

    it('trailers: reach the client for which the route runs, and are not replayed (RFC 9110 §6.5)', async () => {
      app.get('/page', cached() as RequestHandler, (_req, res) => {
        res.set('Trailer', 'X-Sum').write('whole ')
        res.addTrailers({ 'X-Sum': '7' })
        res.end('body')
      })
      const ask = async () => {
        const asked = request(`${site.server.url}/page`)
        asked.end()
        const [response] = (await once(asked, 'response')) as [IncomingMessage]
        const body = await text(response)
        await site.server.idle()
        const { trailer, 'cache-status': status } = response.headers
        return {
          body,
          trailer,
          trailers: { ...response.trailers },
          isHit: String(status).includes('; hit'),
        }
      }
      const body = 'whole body'
      expect(await ask()).to.deep.equal({ body, trailer: 'X-Sum', trailers: { 'x-sum': '7' }, isHit: false })
      expect(await ask()).to.deep.equal({ body, trailer: undefined, trailers: {}, isHit: true })
    })

    it('express.static: a file is served, validated, and given in parts', async () => {
      app.use(cached() as RequestHandler, express.static('docs', { maxAge: '1m' }))
      const [first, second] = [await site.server.get('/responses.md'), await site.server.get('/responses.md')]
      expect(second.body.equals(first.body)).to.be.true
      expect(statusOf(second)).to.match(/^hit/)
      const part = await site.server.get('/responses.md', { range: 'bytes=0-10' })
      expect(part).to.include({ status: 206, text: '# Responses' })
      expect(
        (await site.server.get('/responses.md', { 'if-none-match': first.headers.etag })).status,
      ).to.equal(304)
    })

    it('sendFile that fails after it has set Cache-Control is not stored', async () => {
      app.get('/page', cached() as RequestHandler, (_req, res) => {
        res.sendFile('/no/such/file', { maxAge: '1h' })
      })
      const first = await get()
      expect(first.status).to.equal(404)
      expect(statusOf(first)).not.to.match(/stored/)
    })

    describe('a failure', () => {
      const nothing: RequestHandler = (_req, _res, next) => {
        next()
      }
      const shared = { 'Cache-Control': 'public, max-age=60' }
      const meant: [what: string, route: Route][] = [
        [
          'declared fresh in one breath with its status',
          (_req, res) => res.set(shared).status(503).send('down'),
        ],
        ['declared fresh once its status is set', (_req, res) => res.status(500).set(shared).send('down')],
        ['declared fresh by writeHead', (_req, res) => res.writeHead(503, shared).end('down')],
        [
          'declared fresh by appendHeader once its status is set',
          (_req, res) => res.status(503).appendHeader('Cache-Control', 'max-age=60').end('down'),
        ],
      ]
      for (const [what, route] of meant) {
        it(`that is ${what} is stored (RFC 9111 §3)`, async () => {
          site.serve(route)
          expect(await site.status()).to.match(/; stored$/)
          expect(await site.status()).to.match(/^hit/)
        })
      }

      it('that is declared fresh for such caches as this one is stored (RFC 9213)', async () => {
        const route: Route = (_req, res) => res.status(503).set('CDN-Cache-Control', 'max-age=60').end('down')
        site.serve(route, undefined, { targetedFields: ['CDN-Cache-Control'] })
        expect(await site.status()).to.match(/; stored$/)
        expect(await site.status()).to.match(/^hit/)
      })

      it('is not stored for what a page was declared before for such caches as this one (RFC 9213)', async () => {
        site.serve(
          (_req, res, next) => {
            res.set('CDN-Cache-Control', 'max-age=60')
            next(createError(503))
          },
          undefined,
          { targetedFields: ['CDN-Cache-Control'] },
        )
        const page: ErrorRequestHandler = (error, _req, res, next) => {
          if (res.headersSent) next(error)
          else res.status(503).set('Cache-Control', 'no-store').send('no')
        }
        app.use(page)
        expect(await site.status()).to.equal('fwd=uri-miss; detail=status')
      })

      it('that is meant is stored by the one handler that its route has behind the cache, for this method', async () => {
        const route: RequestHandler = (_req, res) => {
          res.set(shared).status(503).send('down')
        }
        app
          .route('/page')
          .all(nothing)
          .get(cached() as RequestHandler, route)
          .post(nothing, nothing)
        expect(await site.status()).to.match(/; stored$/)
      })

      const answer: ErrorRequestHandler = (error, _req, res, next) => {
        if (res.headersSent) next(error)
        else res.status(400).send('no')
      }
      const declare: RequestHandler = (_req, res, next) => {
        res.set(shared)
        next()
      }
      const accidents: [
        what: string,
        route: RequestHandler,
        around?: RequestHandler | ErrorRequestHandler,
      ][] = [
        ['a status that another layer sets', (_req, res) => res.status(503).send('no'), declare],
        [
          'an error that is thrown at once, and answered at once',
          (_req, res) => {
            res.set(shared)
            throw new Error('no')
          },
          answer,
        ],
        [
          'an error that is passed on',
          (_req, res, next) => {
            res.set(shared)
            next(createError(400))
          },
          answer,
        ],
        [
          'an error that nobody answers',
          (_req, res, next) => {
            res.set(shared)
            next(createError(503))
          },
        ],
        [
          'a promise that is rejected',
          (_req, res, next) => {
            res.set(shared)
            Promise.reject(new Error('no')).catch(next)
          },
          answer,
        ],
        [
          'a status that is set later',
          (_req, res) => {
            res.set(shared)
            void Promise.resolve().then(() => res.status(503).send('no'))
          },
        ],
        [
          'a status that a callback sets',
          (_req, res) => {
            setImmediate(() => {
              res.set(shared)
              process.nextTick(() => res.status(503).send('no'))
            })
          },
        ],
        [
          'a status that is another failure than the one it was declared for',
          (_req, res, next) => {
            res.status(404).set(shared)
            next(createError(503))
          },
          answer,
        ],
        [
          'an error page with an Expires that does not count',
          (_req, res, next) => {
            res.set(shared)
            next(createError(503))
          },
          (_error, _req, res, next) => {
            if (res.headersSent) next()
            else res.status(503).set('Expires', '0').send('no')
          },
        ],
        ['a status that says so itself', (_req, res) => res.set(shared).status(500).send('no')],
      ]
      for (const [what, route, around] of accidents) {
        const before = around === declare ? declare : nothing
        const after = around === undefined || around === declare ? nothing : around

        it(`of which freshness was declared before is not stored: ${what}`, async () => {
          app.use('/page', cached() as RequestHandler, before, route, after)
          expect(await site.status()).to.equal('fwd=uri-miss; detail=status')
        })

        it(`nor behind a route of a router of its own: ${what}`, async () => {
          app.use(cached() as RequestHandler, express.Router().use(before).get('/page', route).use(after))
          expect(await site.status()).to.equal('fwd=uri-miss; detail=status')
        })

        it(`nor by handlers of one route: ${what}`, async () => {
          app.get('/page', cached() as RequestHandler, before, route, after)
          expect(await site.status()).to.equal('fwd=uri-miss; detail=status')
        })
      }
    })

    it('an event stream is neither stored nor held back', async () => {
      let push = (): void => undefined
      let end = (): void => undefined
      app.get('/page', cached() as RequestHandler, (_req, res) => {
        res.set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' }).flushHeaders()
        push = () => res.write('data: 1\n\n')
        end = () => res.end()
      })
      for (let round = 0; round < 2; round += 1) {
        const asked = request(`${site.server.url}/page`)
        asked.end()
        const [response] = (await once(asked, 'response')) as [NodeJS.ReadableStream]
        push()
        const [event] = (await once(response, 'data')) as [Buffer]
        expect(String(event)).to.equal('data: 1\n\n')
        end()
        response.resume()
        await once(response, 'end')
      }
    })

    it('an event stream under a ttl that says nothing of caching is neither stored nor held back', async function () {
      // Who waited for the first would wait twice as long.
      this.timeout(2500)
      let push = (): void => undefined
      app.get('/page', cached() as RequestHandler, (_req, res) => {
        res.type('text/event-stream').flushHeaders()
        push = () => res.write('data: 1\n\n')
      })
      const asked = [request(`${site.server.url}/page`), request(`${site.server.url}/page`)]
      for (const each of asked) {
        each.end()
        const [response] = (await once(each, 'response')) as [IncomingMessage]
        expect(response.headers['cache-status']).to.match(/^holdfast; fwd=[a-z-]+; detail=event-stream$/)
        push()
        await once(response, 'data')
        each.on('error', () => undefined)
      }
      for (const each of asked) each.destroy()
    })

    it('HTTP/1.0: a hit is whole, its length said, its connection closed', async () => {
      app.get('/page', cached() as RequestHandler, page)
      await get()
      const port = Number(new URL(site.server.url).port)
      const socket = connect(port, '127.0.0.1')
      socket.write(`GET /page HTTP/1.0\r\nHost: ${site.server.host}\r\n\r\n`)
      const answer = await text(socket)
      expect(answer).to.match(/^HTTP\/1\.1 200 OK\r\n/)
      expect(answer).to.match(/\r\nContent-Length: \d+\r\n/i)
      expect(answer).to.match(/Cache-Status: holdfast; hit/)
      expect(runs).to.equal(1)
    })

    it('early hints pass and are not stored', async () => {
      app.get('/page', cached() as RequestHandler, (_req, res) => {
        res.writeEarlyHints({ link: '</a.css>; rel=preload' }, () => res.send('page'))
      })
      const hints: unknown[] = []
      for (let round = 0; round < 2; round += 1) {
        const asked = request(`${site.server.url}/page`)
        asked.on('information', ({ statusCode }: { statusCode: number }) => hints.push(statusCode))
        asked.end()
        const [response] = (await once(asked, 'response')) as [NodeJS.ReadableStream]
        expect(await text(response)).to.equal('page')
      }
      expect(hints).to.deep.equal([103])
    })

    const stands: [where: string, mount: (cache: RequestHandler) => void][] = [
      ['app.use', (cache) => void app.use(cache).get('/page', page)],
      ['app.get', (cache) => void app.get('/page', cache, page)],
      ['route().all', (cache) => void app.route('/page').all(cache).get(page)],
      [
        'a router',
        (cache) => {
          const router = express.Router()
          router.use(cache)
          router.get('/page', page)
          app.use(router)
        },
      ],
      [
        'an application that is mounted',
        (cache) => {
          const mounted = express()
          mounted.get('/', cache, page)
          app.use('/page', mounted)
        },
      ],
      [
        "a route that hands on by next('route')",
        (cache) => {
          app.get('/page', cache, (_req, _res, next) => {
            next('route')
          })
          app.get('/page', page)
        },
      ],
    ]
    for (const [where, mount] of stands) {
      it(`stands in ${where}`, async () => {
        mount(cached() as RequestHandler)
        const [first, second] = [await get(), await get()]
        expect(statusOf(first)).to.equal('fwd=uri-miss; stored')
        expect(statusOf(second)).to.match(/^hit/)
        expect(second.body.equals(first.body)).to.be.true
      })
    }
  })
}
