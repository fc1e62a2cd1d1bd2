import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { expect } from 'chai'
import type { Express, NextFunction, Request, Response } from 'express'
import { cacheResponse, createCache, setDefaultCache } from 'holdfast'
import type { Cache, CacheableRequest, Duration, MemoryStats, ResponseOptions } from 'holdfast'
import sinon from 'sinon'
import { NOT_NEAR } from '../../lib/cache/near-tier'
import { eventually } from '../support/eventually'
import { expressVersions } from '../support/express-versions'
import { RedisServer } from '../support/redis-server'
import { failOnUnhandledRejections } from '../support/unhandled-rejections'
import { WebServer } from '../support/web-server'
import type { Answer } from '../support/web-server'
import { waysOfSending } from '../support/ways-of-sending'
import type { Route } from '../support/ways-of-sending'

const NOON = Date.UTC(2026, 4, 4, 12)
/** Fields that a server sets by itself, or by what it knows of the length. */
const ADDED = /^(date|age|connection|keep-alive|transfer-encoding|content-length|cache-status)$/i

for (const [version, express] of expressVersions) {
  describe(`cacheResponse under ${version}`, () => {
    let cache: Cache
    let app: Express
    let server: WebServer
    let failures: unknown[]

    beforeEach(async () => {
      cache = createCache({ redis: false, logger: false })
      failures = []
      app = express()
      server = await WebServer.start(app)
    })

    afterEach(async () => {
      await server.close()
      await cache.close()
    })

    /** Puts a route behind the cache, and counts its runs. */
    function serve(route: Route, ttl: Duration | undefined = '5m', options: ResponseOptions = {}) {
      const spy = sinon.spy(route)
      app.use('/page', cacheResponse(ttl, { cache, ...options }), spy)
      app.use((error: unknown, _req: Request, res: Response, next: NextFunction) => {
        failures.push(error)
        // The message of the error page's own status.
        res.statusMessage = ''
        if (res.headersSent) next(error)
        else res.status(500).end('an error page')
      })
      return spy
    }

    /** A route that says how often it was run. */
    function counting(fields: OutgoingHttpHeaders = {}, status = 200): Route {
      let runs = 0
      return (_req, res) => {
        for (const [name, value] of Object.entries(fields))
          if (value !== undefined) res.setHeader(name, value)
        res.status(status).send(`run ${String((runs += 1))}`)
      }
    }

    const identify = (name: 'user' | 'auth') => {
      app.use((req, _res, next) => {
        const given = req.headers['x-test-identity']
        if (given !== undefined) Object.assign(req, { [name]: { sub: given } })
        next()
      })
    }

    const texts = async (...asked: OutgoingHttpHeaders[]): Promise<string[]> => {
      const answers: Answer[] = []
      for (const headers of asked) answers.push(await server.get('/page', headers))
      return answers.map(({ text }) => text)
    }

    describe('a hit', () => {
      for (const [way, route] of waysOfSending) {
        it(`${way}: is byte for byte what the route sent, fields in order and case`, async () => {
          const spy = serve(route)
          const first = await server.get('/page')
          const second = await server.get('/page')
          expect(first.headers['cache-status']).to.equal('holdfast; fwd=uri-miss; stored')
          expect(second.headers['cache-status']).to.match(/^holdfast; hit/)
          expect(spy.callCount).to.equal(1)
          expect(second.body.equals(first.body)).to.be.true
          expect(second).to.include({ status: first.status, statusMessage: first.statusMessage })
          expect(second.lines.filter(isGiven)).to.deep.equal(first.lines.filter(isGiven))
        })
      }

      it('carries Age and the Date of when it was made (RFC 9111 §5.1)', async () => {
        const clock = sinon.useFakeTimers({ now: NOON, toFake: ['Date'] })
        try {
          serve(counting())
          await server.get('/page')
          clock.tick(42_000)
          const { headers } = await server.get('/page')
          expect(headers).to.include({ age: '42', date: new Date(NOON).toUTCString() })
        } finally {
          clock.restore()
        }
      })

      it('says so in Cache-Status, with how many seconds are left (RFC 9211 §2.1, §2.3)', async () => {
        const clock = sinon.useFakeTimers({ now: NOON, toFake: ['Date'] })
        try {
          serve(counting())
          await server.get('/page')
          clock.tick(42_000)
          const { headers } = await server.get('/page')
          expect(headers['cache-status']).to.equal('holdfast; hit; ttl=258')
        } finally {
          clock.restore()
        }
      })

      it('adds to the Age that the route declares (RFC 9111 §4.2.3)', async () => {
        serve(counting({ 'Cache-Control': 'max-age=60', Age: '20' }))
        await server.get('/page')
        const { headers } = await server.get('/page')
        expect(Number(headers.age)).to.be.within(20, 22)
        expect(headers['cache-status']).to.match(/ttl=(40|39|38)$/)
      })

      it('is as old as the route took to make it (RFC 9111 §4.2.3)', async () => {
        const clock = sinon.useFakeTimers({ now: NOON, toFake: ['Date'] })
        try {
          serve((_req, res) => {
            clock.tick(2500)
            res.set('Cache-Control', 'max-age=60').send('late')
          })
          await server.get('/page')
          clock.tick(1000)
          const { headers } = await server.get('/page')
          expect(headers).to.include({ age: '3', 'cache-status': 'holdfast; hit; ttl=56' })
        } finally {
          clock.restore()
        }
      })

      it('measures by the clock of the cache', async () => {
        let now = NOON
        const own = createCache({
          redis: false,
          logger: false,
          clock: { now: () => now, monotonic: () => now },
        })
        serve(counting(), '5m', { cache: own })
        await server.get('/page')
        now += 42_000
        const { headers, text } = await server.get('/page')
        await own.close()
        expect(text).to.equal('run 1')
        expect(headers).to.include({ age: '42', date: new Date(NOON).toUTCString() })
      })

      it('is over with the ttl', async () => {
        let now = Date.now()
        const own = createCache({
          redis: false,
          logger: false,
          clock: { now: () => now, monotonic: () => now },
        })
        serve(counting(), 300_000, { cache: own })
        expect(await texts({}, {})).to.deep.equal(['run 1', 'run 1'])
        now += 301_000
        expect(await texts({}, {})).to.deep.equal(['run 2', 'run 2'])
        await own.close()
      })

      it('answers HEAD from the stored GET (RFC 9110 §9.3.2)', async () => {
        const spy = serve(counting({ ETag: '"a"' }))
        await server.get('/page')
        const answer = await server.ask('/page', { method: 'HEAD' })
        expect(spy.callCount).to.equal(1)
        expect(answer).to.include({ status: 200, text: '' })
        expect(answer.headers).to.include({ etag: '"a"', 'content-length': '5' })
        expect(answer.headers['cache-status']).to.match(/^holdfast; hit/)
      })

      it('carries the fields of earlier middleware as they are for the present request', async () => {
        let requests = 0
        app.use((_req, res, next) => {
          res.setHeader('X-Request-Id', (requests += 1))
          next()
        })
        serve(counting({ 'X-Own': 'yes' }))
        await server.get('/page')
        expect((await server.get('/page')).headers).to.include({ 'x-request-id': '2', 'x-own': 'yes' })
      })

      it('carries a cookie that earlier middleware sets for the present request', async () => {
        app.use((req, res, next) => {
          if (req.headers['x-test-identity'] !== undefined) res.setHeader('Set-Cookie', 'seen=1')
          next()
        })
        serve(counting())
        expect((await server.get('/page')).headers).not.to.have.property('set-cookie')
        const second = await server.get('/page', { 'x-test-identity': 'ann' })
        expect(second.text).to.equal('run 1')
        expect(second.headers['set-cookie']).to.deep.equal(['seen=1'])
      })

      it('is counted in the stats of the cache, and so is a miss', async () => {
        serve(counting())
        await texts({}, {}, {})
        expect(await cache.getStats()).to.include({ hits: 2, misses: 1 })
      })

      it('stands for a response without a body', async () => {
        const spy = serve((_req, res) => res.sendStatus(204))
        await server.get('/page')
        expect(await server.get('/page')).to.include({ status: 204, text: '' })
        expect(spy.callCount).to.equal(1)
      })
    })

    describe('a conditional request', () => {
      const fields = { ETag: 'W/"a"', 'Last-Modified': 'Mon, 04 May 2026 12:00:00 GMT', 'X-Own': 'yes' }
      const conditions: [condition: OutgoingHttpHeaders, source: string][] = [
        [{ 'if-none-match': '"a"' }, 'RFC 9110 §13.1.2'],
        [{ 'if-none-match': '"x", W/"a"' }, 'RFC 9110 §13.1.2'],
        [{ 'if-none-match': '*' }, 'RFC 9110 §13.1.2'],
        [{ 'if-modified-since': 'Mon, 04 May 2026 12:00:00 GMT' }, 'RFC 9110 §13.1.3'],
      ]
      for (const [condition, source] of conditions) {
        it(`with ${JSON.stringify(condition)} is answered 304 on a hit (${source})`, async () => {
          const spy = serve(counting(fields))
          await server.get('/page')
          const answer = await server.get('/page', condition)
          expect(spy.callCount).to.equal(1)
          expect(answer).to.include({ status: 304, text: '' })
          expect(answer.headers).to.include({ etag: 'W/"a"', 'x-own': 'yes' }).and.to.have.property('age')
          expect(answer.headers).not.to.have.any.keys('content-type', 'content-length')
        })
      }

      it('whose condition does not hold is answered with the whole response on a hit', async () => {
        serve(counting(fields))
        await server.get('/page')
        expect(await server.get('/page', { 'if-none-match': '"b"' })).to.include({
          status: 200,
          text: 'run 1',
        })
      })

      it('is answered 304 on a miss when the head is there, and what streams on is stored (RFC 9110 §13.1.2)', async () => {
        let finish = (): void => undefined
        serve((_req, res) => {
          res.set('ETag', '"a"').write('begun, ')
          finish = () => res.end('and done')
        })
        const asked = request(`${server.url}/page`, { headers: { 'if-none-match': '*' } })
        asked.end()
        const [response] = (await once(asked, 'response')) as [IncomingMessage]
        expect([response.statusCode, response.headers.etag]).to.deep.equal([304, '"a"'])
        finish()
        response.resume()
        await server.idle()
        const second = await server.get('/page')
        expect([second.text, second.headers['cache-status']?.slice(0, 13)]).to.deep.equal([
          'begun, and done',
          'holdfast; hit',
        ])
      })

      it('is answered 304 on a miss, and stores the whole response for others', async () => {
        const spy = serve(counting(fields))
        const first = await server.get('/page', { 'if-none-match': '"a"' })
        expect(first).to.include({ status: 304, text: '' })
        expect(first.headers).to.include({ etag: 'W/"a"', 'x-own': 'yes' })
        expect(first.headers).not.to.have.any.keys('content-type', 'content-length')
        expect(await server.get('/page')).to.include({ status: 200, text: 'run 1' })
        expect(spy.callCount).to.equal(1)
      })

      it('is shown to the route as it is, once it is known that its responses are not stored', async () => {
        const asked: unknown[] = []
        serve((req, res) => {
          asked.push(req.headers['if-none-match'])
          res.set('Cache-Control', 'no-store').send('hello')
        })
        await texts({}, { 'if-none-match': '"a"' })
        expect(asked).to.deep.equal([undefined, '"a"'])
      })
    })

    describe('whose response it is', () => {
      const credentials: [what: string, headers: OutgoingHttpHeaders][] = [
        ['Authorization', { authorization: 'Bearer ann' }],
        ['Cookie', { cookie: 'session=ann' }],
      ]
      for (const [what, headers] of credentials) {
        it(`a request with ${what} does not store its response (RFC 9111 §3.5)`, async () => {
          serve(counting())
          const first = await server.get('/page', headers)
          expect(first.headers['cache-status']).to.equal('holdfast; fwd=uri-miss; detail=credential')
          expect(await texts(headers, {}, {})).to.deep.equal(['run 2', 'run 3', 'run 3'])
        })

        it(`a request with ${what} is not answered with what was stored for anybody`, async () => {
          serve(counting())
          await server.get('/page')
          const second = await server.get('/page', headers)
          expect(second.text).to.equal('run 2')
          expect(second.headers['cache-status']).to.equal('holdfast; fwd=bypass; detail=credential')
          expect(await texts({})).to.deep.equal(['run 1'])
        })

        for (const sharing of ['public, max-age=60', 's-maxage=60']) {
          it(`a request with ${what} shares what the route declares ${sharing} (RFC 9111 §3.5)`, async () => {
            serve(counting({ 'Cache-Control': sharing }))
            expect(await texts(headers, {}, headers)).to.deep.equal(['run 1', 'run 1', 'run 1'])
          })
        }

        it(`a request with ${what} shares where the route is known not to depend on it`, async () => {
          const ignore = [what.toLowerCase() as 'authorization' | 'cookie']
          serve(counting(), '5m', { ignore })
          expect(await texts(headers, {}, headers)).to.deep.equal(['run 1', 'run 1', 'run 1'])
        })
      }

      it('a request with Authorization does not share what the route merely declares fresh (RFC 9111 §3.5)', async () => {
        const ann = { authorization: 'Bearer ann' }
        serve(counting({ 'Cache-Control': 'max-age=60' }))
        expect(await texts(ann, {}, ann, {})).to.deep.equal(['run 1', 'run 2', 'run 3', 'run 2'])
      })

      it('a request with Authorization shares what is declared fresh and must-revalidate (RFC 9111 §3.5)', async () => {
        const ann = { authorization: 'Bearer ann' }
        serve(counting({ 'Cache-Control': 'max-age=60, must-revalidate' }))
        expect(await texts(ann, {}, ann)).to.deep.equal(['run 1', 'run 1', 'run 1'])
      })

      it('a request with Cookie shares what the route declares fresh, without having read the cookie', async () => {
        const ann = { cookie: 'seen=1' }
        serve(counting({ 'Cache-Control': 'max-age=60' }))
        expect(await texts(ann, {}, ann)).to.deep.equal(['run 1', 'run 1', 'run 1'])
      })

      it('to ignore one credential does not ignore the other', async () => {
        serve(counting(), '5m', { ignore: ['cookie'] })
        expect(await texts({ authorization: 'Bearer ann' }, {})).to.deep.equal(['run 1', 'run 2'])
      })

      for (const name of ['user', 'auth'] as const) {
        it(`a request with req.${name} neither stores nor gets a shared response`, async () => {
          identify(name)
          serve(counting())
          const ann = { 'x-test-identity': 'ann' }
          expect(await texts(ann, {}, ann, {})).to.deep.equal(['run 1', 'run 2', 'run 3', 'run 2'])
        })

        it(`a req.${name} that is found out only behind the cache keeps the response from being shared`, async () => {
          app.use('/page', cacheResponse('5m', { cache }))
          identify(name)
          app.get('/page', (req, res) => res.send(`hello ${String(req.headers['x-test-identity'])}`))
          expect(await texts({ 'x-test-identity': 'ann' }, {})).to.deep.equal([
            'hello ann',
            'hello undefined',
          ])
        })
      }

      it('a Set-Cookie of the route keeps the response from being stored', async () => {
        serve((_req, res) => res.cookie('session', 'ann').send('hello'))
        const answer = await server.get('/page')
        expect(answer.headers['cache-status']).to.equal('holdfast; fwd=uri-miss; detail=set-cookie')
        expect((await server.get('/page')).headers).to.have.property('set-cookie')
      })

      it('a Set-Cookie of the route in writeHead keeps the response from being stored', async () => {
        const spy = serve((_req, res) => res.writeHead(200, ['Set-Cookie', 'session=ann']).end('hello'))
        await texts({}, {})
        expect(spy.callCount).to.equal(2)
      })

      it('a Set-Cookie of earlier middleware keeps the response from being stored', async () => {
        app.use((req, res, next) => {
          if (req.headers['x-test-identity'] !== undefined) res.setHeader('Set-Cookie', 'session=ann')
          next()
        })
        serve(counting())
        expect(await texts({ 'x-test-identity': 'ann' }, {})).to.deep.equal(['run 1', 'run 2'])
      })

      it('a Set-Cookie of an outer wrapper at the last moment keeps the response from being stored', async () => {
        app.use((_req, res, next) => {
          onHead(res, () => res.setHeader('Set-Cookie', 'session=ann'))
          next()
        })
        const spy = serve(counting())
        expect((await server.get('/page')).headers['set-cookie']).to.deep.equal(['session=ann'])
        expect((await server.get('/page')).text).to.equal('run 2')
        expect(spy.callCount).to.equal(2)
      })

      describe('under a scope', () => {
        const scope = (req: CacheableRequest) => req.headers['x-test-identity'] as string | undefined
        const ann = { 'x-test-identity': 'ann', authorization: 'Bearer ann' }
        const bob = { 'x-test-identity': 'bob', cookie: 'session=bob' }

        it('each user has a copy', async () => {
          serve(counting(), '5m', { scope })
          expect(await texts(ann, bob, ann, bob)).to.deep.equal(['run 1', 'run 2', 'run 1', 'run 2'])
        })

        it('a copy that the route declares private is kept for the one whose it is', async () => {
          serve(counting({ 'Cache-Control': 'private, max-age=60' }), undefined, { scope })
          expect(await texts(ann, bob, ann)).to.deep.equal(['run 1', 'run 2', 'run 1'])
        })

        it('a copy is not shared, though the route declares it public', async () => {
          serve(counting({ 'Cache-Control': 'public, max-age=60' }), '5m', { scope })
          expect(await texts(ann, bob)).to.deep.equal(['run 1', 'run 2'])
        })

        for (const nobody of [undefined, '']) {
          it(`${nobody === undefined ? 'undefined' : "''"} is nobody: the response is not cached`, async () => {
            serve(counting(), '5m', { scope: () => nobody })
            const first = await server.get('/page')
            expect(first.headers['cache-status']).to.equal('holdfast; fwd=bypass; detail=no-scope')
            expect(await texts({}, {})).to.deep.equal(['run 2', 'run 3'])
          })
        }

        it('0 is somebody', async () => {
          serve(counting(), '5m', { scope: () => 0 })
          expect(await texts({}, {})).to.deep.equal(['run 1', 'run 1'])
        })

        const noIdentity: [what: string, scope: (req: IncomingMessage) => unknown][] = [
          ['null', () => null],
          ['NaN', () => Number('ann')],
          ['an object', () => new Map()],
          ['a promise', (req) => Promise.resolve(req.headers['x-test-identity'])],
        ]
        for (const [what, given] of noIdentity) {
          it(`${what} is no identity that users could share`, async () => {
            serve((req, res) => res.send(`hello ${String(req.headers['x-test-identity'])}`), '5m', {
              scope: given as () => string,
            })
            const [, second] = await texts(ann, bob)
            expect(second).not.to.equal('hello ann')
          })
        }
      })
    })

    describe('what is refused', () => {
      const refusals: [fields: OutgoingHttpHeaders, detail: string, source: string][] = [
        [{ 'Cache-Control': 'private, max-age=60' }, 'private', 'RFC 9111 §5.2.2.7'],
        [{ 'Cache-Control': 'no-store' }, 'no-store', 'RFC 9111 §5.2.2.5'],
        [{ 'Cache-Control': ['max-age=60', 'no-store'] }, 'no-store', 'RFC 9110 §5.3'],
        [{ Vary: '*' }, 'vary-star', 'RFC 9111 §4.1'],
      ]
      for (const [fields, detail, source] of refusals) {
        it(`${JSON.stringify(fields)} is not stored: ${detail} (${source})`, async () => {
          serve(counting(fields))
          const first = await server.get('/page')
          expect(first.headers['cache-status']).to.equal(`holdfast; fwd=uri-miss; detail=${detail}`)
          expect(await texts({})).to.deep.equal(['run 2'])
        })
      }

      const useless: [fields: OutgoingHttpHeaders, detail: string, source: string][] = [
        [{ 'Cache-Control': 'no-cache, max-age=60' }, 'no-cache', 'RFC 9111 §5.2.2.4'],
        [{ 'Cache-Control': 'max-age=0' }, 'stale', 'RFC 9111 §4.2'],
        [{ 'Cache-Control': 'max-age=1.5' }, 'stale', 'RFC 9111 §4.2.1'],
        [{ Expires: '0' }, 'stale', 'RFC 9111 §5.3'],
      ]
      for (const [fields, detail, source] of useless) {
        it(`${JSON.stringify(fields)} is not stored without a validator: ${detail} (${source})`, async () => {
          let runs = 0
          serve((_req, res) => {
            for (const [name, value] of Object.entries(fields)) res.setHeader(name, String(value))
            res.end(`run ${String((runs += 1))}`)
          })
          const first = await server.get('/page')
          expect(first.headers['cache-status']).to.equal(`holdfast; fwd=uri-miss; detail=${detail}`)
          expect(await texts({})).to.deep.equal(['run 2'])
        })
      }

      for (const status of [206, 302, 400, 404, 500, 503]) {
        it(`status ${String(status)} is not stored under a ttl`, async () => {
          serve(counting({}, status))
          expect(await texts({}, {})).to.deep.equal(['run 1', 'run 2'])
        })
      }

      it('a 500 is not stored, though the route had declared a lifetime before it failed', async () => {
        serve(counting({ 'Cache-Control': 'public, max-age=60' }, 500))
        expect(await texts({}, {})).to.deep.equal(['run 1', 'run 2'])
      })

      it('a 404 is stored where the route declares it fresh (RFC 9110 §15.5.5)', async () => {
        serve(counting({ 'Cache-Control': 'max-age=60' }, 404))
        expect(await texts({}, {})).to.deep.equal(['run 1', 'run 1'])
      })

      const failing: [how: string, route: Route][] = [
        [
          'next(error)',
          (_req, res, next) => {
            res.set('Cache-Control', 'public, max-age=60')
            next(new Error('broken'))
          },
        ],
        [
          'throwing',
          (_req, res) => {
            res.set('Cache-Control', 'public, max-age=60')
            throw new Error('broken')
          },
        ],
      ]
      for (const [how, route] of failing) {
        it(`an error page after ${how} is not stored`, async () => {
          const spy = serve(route)
          await texts({}, {})
          expect(spy.callCount).to.equal(2)
          expect(failures.map(String)).to.deep.equal(['Error: broken', 'Error: broken'])
        })
      }

      const unsendable: [how: string, send: (res: Response) => unknown][] = [
        ['end', (res) => res.end('a page')],
        ['write', (res) => res.write('a page')],
      ]
      for (const [how, send] of unsendable) {
        it(`an error page is not stored under a head that could not be sent by ${how}`, async () => {
          const spy = serve((_req, res) => {
            res.statusMessage = 'not Latin: \u4e2d'
            send(res)
          })
          const [first, second] = [await server.get('/page'), await server.get('/page')]
          expect([first.status, second.status]).to.deep.equal([500, 500])
          expect([first.text, second.text]).to.deep.equal(['an error page', 'an error page'])
          expect(spy.callCount).to.equal(2)
        })
      }

      it('next() to no route at all is not stored', async () => {
        serve((_req, _res, next) => {
          next()
        })
        await server.get('/page')
        const answer = await server.get('/page')
        expect(answer.status).to.equal(404)
        expect(answer.headers['cache-status']).to.equal('holdfast; fwd=uri-miss; detail=no-freshness')
      })

      it('a body shorter than its Content-Length is not stored (RFC 9111 §3.3)', async () => {
        const spy = serve((_req, res) => {
          const { socket } = res
          // All that the route sends has been sent by then, and the client waits for the rest.
          res.once('finish', () => socket?.destroy())
          res.writeHead(200, { 'Content-Length': '100' }).end('cut')
        })
        await server.get('/page').catch(() => undefined)
        await server.idle()
        await server.get('/page').catch(() => undefined)
        expect(spy.callCount).to.equal(2)
        expect(await storedKeys(cache)).to.be.empty
      })

      it('a body beyond its Content-Length is stored as clients see it (RFC 9112 §6.3)', async () => {
        const spy = serve((_req, res) => {
          res.writeHead(200, { 'Content-Length': '5', 'Content-Type': 'text/plain' })
          res.write('hello')
          res.end(' and more')
        })
        await server.get('/page').catch(() => undefined)
        const { text, headers } = await server.get('/page')
        expect(text).to.equal('hello')
        expect(headers).to.include({ 'content-length': '5' })
        expect(spy.callCount).to.equal(1)
      })

      it('a body over maxBodyBytes streams through unharmed and is not stored', async () => {
        const piece = Buffer.alloc(300, 'x')
        const spy = serve(
          (_req, res) => {
            for (let index = 0; index < 5; index++) res.write(piece)
            res.end('end')
          },
          '5m',
          { maxBodyBytes: 1000 },
        )
        const [first, second] = await texts({}, {})
        expect(first).to.equal(`${'x'.repeat(1500)}end`)
        expect(second).to.equal(first)
        expect(spy.callCount).to.equal(2)
        expect(await storedKeys(cache)).to.be.empty
      })

      it('a body that says beforehand that it is over maxBodyBytes is refused as too-large', async () => {
        serve((_req, res) => res.send('x'.repeat(1001)), '5m', { maxBodyBytes: 1000 })
        const { headers, text } = await server.get('/page')
        expect(text).to.have.length(1001)
        expect(headers['cache-status']).to.equal('holdfast; fwd=uri-miss; detail=too-large')
      })
    })

    describe('a client that goes away', () => {
      async function askAndLeave(): Promise<void> {
        const asked = request(`${server.url}/page`).on('error', () => undefined)
        asked.end()
        await once(asked, 'response')
        asked.destroy()
        await server.idle()
      }

      it('leaves nothing behind, though the route goes on to the end', async () => {
        let isDone = false
        const spy = serve((_req, res) => {
          if (spy.callCount > 1) return res.end('the second run')
          res.write('the first ')
          return res.once('close', () => {
            res.end('half')
            isDone = true
          })
        })
        await askAndLeave()
        await eventually(() => isDone)
        expect(await texts({}, {})).to.deep.equal(['the second run', 'the second run'])
      })

      it('leaves nothing behind where the route ends the response at the sight of it', async () => {
        const spy = serve((req, res) => {
          if (spy.callCount > 1) return res.end('the second run')
          req.once('close', () => res.end())
          return res.write('half')
        })
        await askAndLeave()
        expect(await texts({}, {})).to.deep.equal(['the second run', 'the second run'])
      })
    })

    describe('the key', () => {
      it('differs by the query as it was sent', async () => {
        const spy = serve((req, res) => res.send(req.originalUrl))
        for (const path of [
          '/page?a=1',
          '/page?a=2',
          '/page?a=1&b=2',
          '/page?b=2&a=1',
          '/page',
          '/page?a=1',
        ]) {
          expect((await server.get(path)).text).to.equal(path)
        }
        expect(spy.callCount).to.equal(5)
      })

      it('has of a query what is named, as a form spells it too', async () => {
        serve((req, res) => res.send(decodeURIComponent(req.originalUrl)), '5m', {
          query: ['filter[name]', 'ids[]'],
        })
        const asked = ['/page?filter[name]=a', '/page?filter[name]=b', '/page?ids[]=1', '/page?ids[]=2']
        for (const path of asked) expect((await server.get(path)).text).to.equal(path)
        expect((await server.get(`${asked[3] ?? ''}&utm=1`)).text).to.equal(asked[3])
      })

      it('differs by the host', async () => {
        serve((req, res) => res.send(req.headers.host))
        expect(
          await texts({ host: 'a.example' }, { host: 'b.example' }, { host: 'a.example:81' }),
        ).to.deep.equal(['a.example', 'b.example', 'a.example:81'])
      })

      it('differs by the scheme and the host as a trusted proxy names them', async () => {
        app.set('trust proxy', true)
        const spy = serve((req, res) => res.send(`${req.protocol}://${req.hostname}`))
        expect(
          await texts({}, { 'x-forwarded-proto': 'https' }, { 'x-forwarded-host': 'b.example' }),
        ).to.deep.equal(['http://127.0.0.1', 'https://127.0.0.1', 'http://b.example'])
        expect(spy.callCount).to.equal(3)
      })

      it('covers all that a trusted proxy says of the scheme', async () => {
        app.set('trust proxy', true)
        serve((req, res) => res.send(String(req.headers['x-forwarded-proto'] ?? req.protocol)))
        const odd = { 'x-forwarded-proto': 'http, //evil.example/?' }
        const plain = { 'x-forwarded-proto': 'http' }
        expect(await texts(odd, plain, {})).to.deep.equal(['http, //evil.example/?', 'http', 'http'])
      })

      it('covers what the route reads of the host that a trusted proxy names', async () => {
        app.set('trust proxy', true)
        const spy = serve((req, res) => res.send(`//${String(req.headers['x-forwarded-host'])}/`))
        const [a, b] = [{ 'x-forwarded-host': 'a.example' }, { 'x-forwarded-host': 'b.example' }]
        expect(await texts(a, b, a, b)).to.deep.equal([
          '//a.example/',
          '//b.example/',
          '//a.example/',
          '//b.example/',
        ])
        expect(spy.callCount).to.equal(2)
      })

      it('does not differ by what a proxy names that is not trusted', async () => {
        serve(counting())
        expect(await texts({}, { 'x-forwarded-host': 'b.example' })).to.deep.equal(['run 1', 'run 1'])
      })

      it('is that of the whole URL, under which a router is mounted too', async () => {
        for (const school of ['north', 'south']) {
          const router = express.Router()
          router.get('/rooms', cacheResponse('5m', { cache }), (req, res) => {
            res.send(req.baseUrl)
          })
          app.use(`/${school}`, router)
        }
        expect((await server.get('/north/rooms')).text).to.equal('/north')
        expect((await server.get('/south/rooms')).text).to.equal('/south')
      })

      it('holds nothing of the query, of a token or of the scope', async () => {
        serve(counting({ 'Cache-Control': 'public, max-age=60' }), '5m', {
          scope: () => 'ann@example.org',
          tags: ['school'],
        })
        await server.get('/page?token=s3cr3t', { authorization: 'Bearer t0ken', cookie: 'sid=c00kie' })
        const keys = await storedKeys(cache)
        expect(keys).to.have.length(1)
        expect(keys.join()).to.match(/^response:[\w-]{43}$/)
      })
    })

    describe('Vary (RFC 9111 §4.1)', () => {
      const greeting: Route = (req, res) =>
        res.vary('Accept-Language').send(`hello in ${String(req.headers['accept-language'])}`)

      it('answers a request of the same variant', async () => {
        const spy = serve(greeting)
        expect(
          await texts({ 'accept-language': 'el' }, { 'accept-language': 'el', accept: 'x' }),
        ).to.deep.equal(['hello in el', 'hello in el'])
        expect(spy.callCount).to.equal(1)
      })

      it('does not answer a request of another variant, and says why', async () => {
        serve(greeting)
        await server.get('/page', { 'accept-language': 'el' })
        const { text, headers } = await server.get('/page', { 'accept-language': 'de' })
        expect(text).to.equal('hello in de')
        expect(headers['cache-status']).to.equal('holdfast; fwd=vary-miss; stored')
      })

      it('tells a request that has the field from one that has not', async () => {
        serve(greeting)
        expect(await texts({ 'accept-language': 'el' }, {})).to.deep.equal([
          'hello in el',
          'hello in undefined',
        ])
      })

      it('counts where earlier middleware has set it', async () => {
        app.use((req, res, next) => {
          res.vary('Origin').set('Access-Control-Allow-Origin', req.headers.origin ?? '*')
          next()
        })
        serve((req, res) => res.send(`for ${String(req.headers.origin)}`))
        expect(await texts({ origin: 'https://a.example' }, { origin: 'https://b.example' })).to.deep.equal([
          'for https://a.example',
          'for https://b.example',
        ])
      })
    })

    describe('freshness (RFC 9111 §4.2)', () => {
      async function remaining(fields: OutgoingHttpHeaders, ttl?: Duration): Promise<number | undefined> {
        serve(counting(fields), ttl)
        await server.get('/page')
        const { headers } = await server.get('/page')
        const ttlSeconds = /hit; ttl=(\d+)/.exec(String(headers['cache-status']))?.[1]
        return ttlSeconds === undefined ? undefined : Number(ttlSeconds)
      }

      it('is the ttl where the route declares none', async () => {
        expect(await remaining({}, '5m')).to.be.within(298, 300)
      })

      it('is what the route declares, s-maxage before max-age, whatever the ttl', async () => {
        expect(await remaining({ 'Cache-Control': 'max-age=60, s-maxage=90' }, '5m')).to.be.within(88, 90)
      })

      it('is by Expires where there is no Cache-Control', async () => {
        const expires = new Date(Date.now() + 90_000).toUTCString()
        expect(await remaining({ Expires: expires }, '5m')).to.be.within(87, 90)
      })
    })

    describe('without a ttl', () => {
      const withoutTtl = (route: Route) => {
        app.use('/page', cacheResponse({ cache }), route)
      }

      it('what the route declares fresh is stored', async () => {
        withoutTtl(counting({ 'Cache-Control': 'max-age=60' }))
        expect(await texts({}, {})).to.deep.equal(['run 1', 'run 1'])
      })

      it('what declares nothing is not, and Cache-Status says why', async () => {
        withoutTtl(counting({ 'Last-Modified': 'Mon, 04 May 2020 12:00:00 GMT' }))
        const first = await server.get('/page')
        expect(first.headers['cache-status']).to.equal('holdfast; fwd=uri-miss; detail=no-freshness')
        expect(await texts({})).to.deep.equal(['run 2'])
      })
    })

    describe('requests that pass', () => {
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
        it(`${method} reaches the route with its body, and is neither stored nor answered`, async () => {
          const spy = serve((req, res) => {
            const pieces: string[] = []
            req.setEncoding('utf8').on('data', (piece: string) => pieces.push(piece))
            req.on('end', () => res.send(`${req.method} ${pieces.join('')}`))
          })
          for (const body of ['one', 'two']) {
            const answer = await server.ask('/page', { method, body, headers: { 'content-length': '3' } })
            expect(answer.text).to.equal(`${method} ${body}`)
            expect(answer.headers['cache-status']).to.equal('holdfast; fwd=method')
          }
          expect(spy.callCount).to.equal(2)
          expect(await storedKeys(cache)).to.be.empty
        })
      }

      it('HEAD on a miss reaches the route and stores nothing', async () => {
        const spy = serve(counting())
        await server.ask('/page', { method: 'HEAD' })
        expect((await server.get('/page')).text).to.equal('run 2')
        expect(spy.callCount).to.equal(2)
      })

      it('HEAD on a miss stores nothing also where the route makes no body for it', async () => {
        serve((req, res) => (req.method === 'HEAD' ? res.end() : res.end('the whole')))
        await server.ask('/page', { method: 'HEAD' })
        expect(await texts({}, {})).to.deep.equal(['the whole', 'the whole'])
      })

      it('Range reaches the route, and its part is never taken for the whole (RFC 9111 §3.3)', async () => {
        serve((req, res) => {
          if (req.headers.range === undefined) res.send('the whole')
          else res.status(206).set('Content-Range', 'bytes 0-2/9').send('the')
        })
        const part = await server.get('/page', { range: 'bytes=0-2' })
        expect(part).to.include({ status: 206, text: 'the' })
        expect(part.headers['cache-status']).to.equal('holdfast; fwd=bypass; detail=range')
        expect(await texts({}, { range: 'bytes=0-2' }, {})).to.deep.equal(['the whole', 'the', 'the whole'])
      })

      const whole = { 'Cache-Control': 'max-age=60', ETag: '"a"' }
      const passing: [what: string, question: { method?: string; headers?: OutgoingHttpHeaders }][] = [
        ['a Range', { headers: { range: 'bytes=0-2' } }],
        ['a HEAD that is answered 304', { method: 'HEAD', headers: { 'if-none-match': '*' } }],
      ]
      for (const [what, question] of passing) {
        it(`${what} does not keep the next response from being stored`, async () => {
          serve((req, res) => {
            if (req.headers.range === undefined) res.set(whole).send('the whole')
            else res.status(206).set(whole).set('Content-Range', 'bytes 0-2/9').send('the')
          })
          await server.ask('/page', question)
          const { headers } = await server.get('/page')
          expect(headers['cache-status']).to.equal('holdfast; fwd=uri-miss; stored')
        })
      }

      it('one response that is stored again ends the passing by', async () => {
        let runs = 0
        serve((_req, res) => {
          res.set('Cache-Control', (runs += 1) === 1 ? 'no-store' : 'max-age=60').send(`run ${String(runs)}`)
        })
        expect(await texts({}, {}, {}, {})).to.deep.equal(['run 1', 'run 2', 'run 3', 'run 3'])
      })

      it('Range that the route ignores is not stored either', async () => {
        serve(counting())
        expect(await texts({ range: 'bytes=0-2' }, {})).to.deep.equal(['run 1', 'run 2'])
      })
    })

    describe('tags', () => {
      it('invalidateTags makes void what has one of them, and nothing else', async () => {
        app.get('/a', cacheResponse('5m', { cache, tags: ['school', 'a'] }), counting())
        app.get('/b', cacheResponse('5m', { cache, tags: ['b'] }), counting())
        const both = async () => [(await server.get('/a')).text, (await server.get('/b')).text]
        expect(await both()).to.deep.equal(['run 1', 'run 1'])
        await cache.invalidateTags('school')
        expect(await both()).to.deep.equal(['run 2', 'run 1'])
      })

      it('may be numbers that the route names', async () => {
        serve((req, res, next) => {
          res.locals['cacheTags'] = [7]
          counted(req, res, next)
        })
        const counted = counting()
        expect(await texts({}, {})).to.deep.equal(['run 1', 'run 1'])
        await cache.invalidateTags('7')
        expect(await texts({})).to.deep.equal(['run 2'])
      })

      it('may be made from the request', async () => {
        const tags = (req: IncomingMessage) => [`page:${String(req.headers['x-test-identity'])}`]
        serve((_req, res) => res.vary('X-Test-Identity').send('hello'), '5m', { tags })
        await server.get('/page', { 'x-test-identity': '1' })
        await cache.invalidateTags('page:2')
        const second = await server.get('/page', { 'x-test-identity': '1' })
        await cache.invalidateTags('page:1')
        const third = await server.get('/page', { 'x-test-identity': '1' })
        expect(
          [second, third].map(({ headers }) => /hit|miss/.exec(String(headers['cache-status']))?.[0]),
        ).to.deep.equal(['hit', 'miss'])
      })

      const changes: [what: string, change: () => Promise<unknown>][] = [
        ['invalidateTags', () => cache.invalidateTags('school')],
        ['clear', () => cache.clear()],
      ]
      for (const [what, change] of changes) {
        it(`${what} while the route is running makes void what it is about to send`, async () => {
          let value = 'old'
          let go = (): void => undefined
          const spy = serve(
            (_req, res) => {
              const read = value
              if (spy.callCount > 1) res.send(read)
              else go = () => res.send(read)
            },
            '5m',
            { tags: ['school'] },
          )
          const first = server.get('/page')
          await eventually(() => spy.callCount === 1)
          value = 'new'
          await change()
          go()
          expect((await first).text).to.equal('old')
          expect(await texts({}, {})).to.deep.equal(['new', 'new'])
          expect(spy.callCount).to.equal(2)
        })
      }

      it('that cannot be written down do not bring the process down', async () => {
        const crashes: unknown[] = []
        const listeners = process.listeners('uncaughtException')
        process.removeAllListeners('uncaughtException')
        process.on('uncaughtException', (error) => crashes.push(error))
        try {
          serve(counting(), '5m', { tags: () => ['half a pair: \ud83d'] })
          await server.get('/page')
        } finally {
          process.removeAllListeners('uncaughtException')
          for (const listener of listeners) process.on('uncaughtException', listener)
        }
        expect(crashes).to.be.empty
      })
    })

    describe('functions that the application gives', () => {
      failOnUnhandledRejections()

      for (const option of ['scope', 'tags'] as const) {
        it(`an error of ${option} reaches the error handler, and the route is not run`, async () => {
          const error = new Error(`no ${option}`)
          const spy = serve(counting(), '5m', {
            [option]: () => {
              throw error
            },
          })
          expect((await server.get('/page')).text).to.equal('an error page')
          expect(failures).to.deep.equal([error])
          expect(spy.callCount).to.equal(0)
        })
      }

      for (const option of ['scope', 'key', 'tags'] as const) {
        it(`a ${option} that promises something is refused, and what becomes of the promise is nobody's`, async () => {
          const promise = async (): Promise<never> => {
            await Promise.resolve()
            throw new Error('nobody waits')
          }
          serve(counting(), '5m', { [option]: promise as never })
          expect((await server.get('/page')).text).to.equal('an error page')
          expect(String(failures[0])).to.match(new RegExp(`cacheResponse: ${option}: .*Promise`))
        })
      }

      it('are given the request', async () => {
        const scope = sinon.spy((req: CacheableRequest) => req.url)
        const tags = sinon.spy(() => ['school'])
        serve(counting(), '5m', { scope, tags })
        await server.get('/page?a=1')
        expect(scope.firstCall.args[0]).to.include({ originalUrl: '/page?a=1' })
        expect(tags.firstCall.args).to.have.length(1)
      })
    })

    describe('concurrency', () => {
      it('requests at once each get a whole response, and one of them is stored', async () => {
        serve(async (_req, res) => {
          res.write('first, ')
          await new Promise((resolve) => setImmediate(resolve))
          res.end('last')
        })
        const answers = await Promise.all(Array.from({ length: 20 }, () => server.exchange('/page')))
        expect(new Set(answers.map(({ text }) => text))).to.deep.equal(new Set(['first, last']))
        await server.idle()
        expect((await server.get('/page')).headers['cache-status']).to.match(/hit/)
      })

      it('requests for different users at once are never mixed up', async () => {
        serve(
          async (req, res) => {
            await new Promise((resolve) => setImmediate(resolve))
            res.send(`hello ${String(req.headers['x-test-identity'])}`)
          },
          '5m',
          { scope: (req) => req.headers['x-test-identity'] as string },
        )
        const users = Array.from({ length: 40 }, (_, index) => `user ${String(index % 8)}`)
        for (let round = 0; round < 3; round++) {
          const asked = users.map((user) =>
            server.exchange('/page', { headers: { 'x-test-identity': user } }),
          )
          expect((await Promise.all(asked)).map(({ text }) => text)).to.deep.equal(
            users.map((user) => `hello ${user}`),
          )
        }
      })
    })

    describe('among other middleware', () => {
      it('stores the plain body behind an outer wrapper that encodes, and each client gets its own encoding', async () => {
        app.use(reversing)
        const spy = serve((_req, res) => res.send('abc'))
        const plain = {}
        const encoded = { 'x-accept-reversed': '1' }
        expect(await texts(encoded, plain, encoded, plain)).to.deep.equal(['cba', 'abc', 'cba', 'abc'])
        expect(spy.callCount).to.equal(1)
        expect((await server.get('/page', plain)).headers).not.to.have.property('content-encoding')
        expect((await server.get('/page', encoded)).headers['content-encoding']).to.equal('reversed')
      })

      it('stores what an inner wrapper has encoded, as a variant of its own', async () => {
        app.use('/page', cacheResponse('5m', { cache }), reversing)
        const spy = sinon.spy<Route>((_req, res) => res.send('abc'))
        app.use('/page', spy)
        const encoded = { 'x-accept-reversed': '1' }
        expect(await texts(encoded, encoded, {}, {})).to.deep.equal(['cba', 'cba', 'abc', 'abc'])
        expect(spy.callCount).to.equal(2)
      })

      it('keeps outer wrappers in force on a hit', async () => {
        const sent: string[] = []
        app.use((_req, res, next) => {
          onHead(res, () => {
            sent.push('head')
            res.setHeader('X-Outer', 'yes')
          })
          next()
        })
        serve(counting())
        await server.get('/page')
        expect((await server.get('/page')).headers['x-outer']).to.equal('yes')
        expect(sent).to.deep.equal(['head', 'head'])
      })

      it('passes the Cache-Status of a cache further in on, before its own (RFC 9211 §2)', async () => {
        serve(counting({ 'Cache-Status': 'inner; hit' }))
        const { headers } = await server.get('/page')
        expect(headers['cache-status']).to.equal('inner; hit, holdfast; fwd=uri-miss; stored')
      })

      it('replays what a cache further in has said, before its own (RFC 9211 §3)', async () => {
        serve(counting({ 'Cache-Status': 'inner; hit; key="a, b"' }))
        await server.get('/page')
        const { headers } = await server.get('/page')
        expect(headers['cache-status']).to.match(/^inner; hit; key="a, b", holdfast; hit; ttl=\d+$/)
      })

      it('says its own where another stands around it that goes by another key (RFC 9211 §2)', async () => {
        app.use(cacheResponse('5m', { cache, query: [] }))
        serve(counting())
        const first = await server.get('/page?a=1')
        expect(first.headers['cache-status']).to.equal(
          'holdfast; fwd=uri-miss; stored, holdfast; fwd=uri-miss; detail=inner',
        )
        const second = await server.get('/page?a=1')
        expect(second.headers['cache-status']).to.match(
          /^holdfast; hit; ttl=\d+, holdfast; fwd=uri-miss; detail=inner$/,
        )
        expect((await server.get('/page?a=2')).text).to.equal('run 2')
      })

      const known = new AsyncLocalStorage<string>()
      const scope = (): string | undefined => known.getStore()
      const innerKeys: readonly (readonly [around: ResponseOptions, within: ResponseOptions])[] = [
        [{}, { scope }],
        [{ scope: () => 'the school' }, { scope }],
        [{}, { key: () => `page of ${String(scope())}` }],
        [{ query: [] }, { scope }],
      ]
      for (const [around, within] of innerKeys) {
        const [outer, inner] = [around, within].map((options) => Object.keys(options).join() || 'nothing')
        it(`stores for nobody else what another further in keeps by ${String(inner)}, where it goes by ${String(outer)}`, async () => {
          app.use((req, _res, next) => {
            known.run(String(req.headers['x-test-name'] ?? ''), next)
          })
          app.use(cacheResponse('5m', { cache, ...around }))
          serve(
            (_req, res) => res.set('Cache-Control', 'max-age=60').send(`for ${String(scope())}`),
            '5m',
            within,
          )
          const asked = ['Ann', 'Bob', 'Ann', '', 'Bob'].map((name) => ({ 'x-test-name': name }))
          expect(await texts(...asked)).to.deep.equal(['for Ann', 'for Bob', 'for Ann', 'for ', 'for Bob'])
        })
      }

      it('stores what another further in keeps for the same one, by the same scope', async () => {
        const own = { scope: () => 'Ann' }
        app.use(cacheResponse('5m', { cache, ...own }))
        serve(counting(), '5m', own)
        await server.get('/page')
        expect((await server.get('/page')).headers['cache-status']).to.match(/^holdfast; hit; ttl=\d+, /)
      })

      it('leaves what is stored to another further in, which has the tags of both', async () => {
        app.use(cacheResponse('5m', { cache, tags: ['school'] }))
        const spy = serve(counting(), '5m', { tags: ['rooms'] })
        for (const tag of ['school', 'rooms']) {
          await server.get('/page')
          expect((await server.get('/page')).headers['cache-status']).to.match(/^holdfast; hit/)
          await cache.invalidateTags(tag)
        }
        await server.get('/page')
        expect(spy.callCount).to.equal(3)
      })

      it('leaves what is stored to another further in with a cache of its own', async () => {
        const own = createCache({ redis: false, logger: false })
        app.use(cacheResponse('5m', { cache }))
        serve(counting(), '5m', { cache: own })
        await server.get('/page')
        expect((await server.get('/page')).text).to.equal('run 1')
        await own.clear()
        expect((await server.get('/page')).text).to.equal('run 2')
        await own.close()
      })

      it('stands on a route twice without harm', async () => {
        app.use(cacheResponse('5m', { cache }))
        serve(counting())
        const [first, second] = [await server.get('/page'), await server.get('/page')]
        expect([first.text, second.text]).to.deep.equal(['run 1', 'run 1'])
        expect(first.headers['cache-status']).to.equal(
          'holdfast; fwd=uri-miss; stored, holdfast; fwd=uri-miss; detail=inner',
        )
      })

      it('takes nothing for validated that another, by another key, has answered to the client (RFC 9111 §4.3.3)', async () => {
        let version = 1
        let now = NOON
        const own = createCache({
          redis: false,
          logger: false,
          clock: { now: () => now, monotonic: () => now },
        })
        app.use(cacheResponse({ cache: own, query: [] }))
        serve(
          (_req, res) =>
            res
              .set({ ETag: `"${String(version)}"`, 'Cache-Control': 'max-age=10' })
              .send(`v${String(version)}`),
          undefined,
          { cache: own },
        )
        await server.get('/page?a=1')
        now += 20_000
        version = 2
        const answer = await server.get('/page?a=2', { 'if-none-match': '"2"' })
        expect(answer).to.include({ status: 304, text: '' })
        expect((await server.get('/page?a=2')).text).to.equal('v2')
        await own.close()
      })

      it('holds nothing of a stream back that it does not store', async () => {
        let finish = (): void => undefined
        serve((_req, res) => {
          res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' })
          res.write('data: 1\n\n')
          finish = () => res.end()
        })
        const asked = request(`${server.url}/page`)
        asked.end()
        const [response] = (await once(asked, 'response')) as [IncomingMessage]
        expect(String((await once(response, 'data'))[0])).to.equal('data: 1\n\n')
        finish()
        await once(response, 'end')
      })
    })

    describe('the cache it uses', () => {
      it('is the default one where none is named', async () => {
        setDefaultCache(cache)
        app.get('/default', cacheResponse('5m'), counting())
        await server.get('/default')
        expect((await server.get('/default')).text).to.equal('run 1')
        expect(await storedKeys(cache)).to.have.length(1)
        setDefaultCache(createCache({ redis: false, logger: false }))
      })

      it('may be a part of another: what varies is void with all of that part, its index too', async () => {
        const part = cache.namespace('shop')
        app.get('/part', cacheResponse('5m', { cache: part }), (_req: Request, res: Response) => {
          res.vary('Accept-Language').send('text')
        })
        await server.get('/part', { 'accept-language': 'el' })
        await server.get('/part', { 'accept-language': 'de' })
        const { memory, near } = cache.core
        const stored = [...memory.keys()].filter((name) => name.includes('response:'))
        expect(stored.length).to.be.at.least(3)
        for (const bytes of await memory.getMany(stored))
          expect(String(bytes).split('\n', 1)[0]).to.match(/ shop%3A$/)
        const isNear = () =>
          stored.map((name) => near.find(cache.core.entries.callersKey(name) ?? '') !== NOT_NEAR)
        expect(isNear()).to.include(true)
        await part.clear()
        expect(isNear()).to.not.include(true)
      })

      it('may be closed: routes go on answering', async () => {
        serve(counting())
        await server.get('/page')
        await cache.close()
        expect(await texts({}, {})).to.deep.equal(['run 2', 'run 3'])
      })

      it('reads something else under the key as a miss', async () => {
        serve(counting())
        await server.get('/page')
        const [key = ''] = await storedKeys(cache)
        for (const value of ['text', { status: 200 }, Buffer.from('bytes'), Buffer.from('{}\nbytes')]) {
          await cache.set(key, value)
          expect((await server.get('/page')).status).to.equal(200)
        }
        expect(failures).to.be.empty
      })
    })

    describe('over Redis', () => {
      let redis: RedisServer
      let caches: Cache[]
      let servers: WebServer[]

      beforeEach(async () => {
        redis = await RedisServer.start()
        caches = []
        servers = []
      })

      afterEach(async () => {
        await Promise.all(servers.map((instance) => instance.close()))
        await Promise.all(caches.map((each) => each.close()))
        await redis.close()
      })

      /** One more process of the application, as far as Redis can tell. */
      async function instance(route: Route): Promise<{ shared: Cache; site: WebServer }> {
        const shared = createCache({ redis: redis.url, logger: false })
        caches.push(shared)
        await eventually(() => shared.isConnected)
        const shop = express()
        const scope = (req: IncomingMessage) => req.headers['x-test-identity'] as string | undefined
        shop.get('/page', cacheResponse('5m', { cache: shared, tags: ['school'] }), route)
        shop.get('/own', cacheResponse('5m', { cache: shared, scope }), route)
        const site = await WebServer.start(shop)
        servers.push(site)
        return { shared, site }
      }

      const host = { host: 'school.example' }
      const isHit = ({ headers }: Answer) => String(headers['cache-status']).includes('hit')

      it('two instances share what one of them stored, byte for byte', async () => {
        const bytes = Buffer.from([0x00, 0xff, 0x0a, 0xc3, 0x28])
        const [one, two] = [
          await instance((_req, res) => res.send(bytes)),
          await instance((_req, res) => res.send('no')),
        ]
        const first = await one.site.get('/page', host)
        const second = await eventually(async () => {
          const answer = await two.site.get('/page', host)
          expect(isHit(answer)).to.be.true
          return answer
        })
        expect(second.body.equals(bytes)).to.be.true
        expect(second.lines.filter(isGiven)).to.deep.equal(first.lines.filter(isGiven))
      })

      it('an invalidation on one instance holds on the other', async () => {
        let version = 1
        const route: Route = (_req, res) => res.send(`version ${String(version)}`)
        const [one, two] = [await instance(route), await instance(route)]
        await one.site.get('/page', host)
        await eventually(async () => isHit(await two.site.get('/page', host)))
        version = 2
        await one.shared.invalidateTags('school')
        // Told over another connection: there is a moment until it is heard.
        await eventually(async () => (await two.site.get('/page', host)).text === 'version 2')
      })

      it('an invalidation on one instance makes void what a route is about to send on the other', async () => {
        let version = 1
        let go = (): void => undefined
        const slow = sinon.spy<Route>((_req, res) => {
          const read = `version ${String(version)}`
          if (version === 1) go = () => res.send(read)
          else res.send(read)
        })
        const [one, two] = [await instance(slow), await instance(slow)]
        const first = one.site.get('/page', host)
        await eventually(() => slow.called)
        version = 2
        await two.shared.invalidateTags('school')
        go()
        expect((await first).text).to.equal('version 1')
        await one.shared.core.entries.drain()
        expect((await one.site.get('/page', host)).text).to.equal('version 2')
        expect((await two.site.get('/page', host)).text).to.equal('version 2')
      })

      it('users are kept apart across instances', async () => {
        const route: Route = (req, res) => res.send(`hello ${String(req.headers['x-test-identity'])}`)
        const [one, two] = [await instance(route), await instance(route)]
        const ann = { ...host, 'x-test-identity': 'ann' }
        await one.site.get('/own', ann)
        await eventually(async () => isHit(await two.site.get('/own', ann)))
        expect((await two.site.get('/own', { ...host, 'x-test-identity': 'bob' })).text).to.equal('hello bob')
      })

      it('no key in Redis shows a query, a token or a scope', async () => {
        const { site } = await instance((_req, res) => res.send('hello'))
        const headers = { ...host, 'x-test-identity': 'ann', authorization: 'Bearer t0ken' }
        await site.get('/own?token=s3cr3t', headers)
        await eventually(async () => isHit(await site.get('/own?token=s3cr3t', headers)))
        const keys = await redis.command('KEYS', '*')
        expect(keys).to.match(/response:/)
        expect(keys).not.to.match(/s3cr3t|t0ken|ann|own\?/)
      })

      it('routes go on answering when Redis is killed in mid-run, and from memory then', async () => {
        const { site } = await instance((_req, res) => res.send('hello'))
        await site.get('/page', host)
        await eventually(async () => isHit(await site.get('/page', host)))
        const over = new AbortController()
        const statuses: number[] = []
        const client = (async () => {
          while (!over.signal.aborted) statuses.push((await site.get('/page', host)).status)
        })()
        await redis.kill()
        await eventually(async () => isHit(await site.get('/page', host)))
        over.abort()
        await client
        expect(statuses).to.have.length.greaterThan(0)
        expect(new Set(statuses)).to.deep.equal(new Set([200]))
      })

      it('a route that was running when Redis was killed answers in full', async () => {
        let go = (): void => undefined
        const slow = sinon.spy<Route>((_req, res) => {
          res.write('first, ')
          go = () => res.end('last')
        })
        const { site } = await instance(slow)
        const asked = site.get('/page', host)
        await eventually(() => slow.called)
        await redis.kill()
        go()
        expect((await asked).text).to.equal('first, last')
      })
    })
  })
}

/** What an outer wrapper does at the last moment, in the manner of the on-headers package. */
function onHead(res: ServerResponse, listener: () => unknown): void {
  const { writeHead } = res
  let isDone = false
  res.writeHead = function (this: ServerResponse, ...args: unknown[]) {
    if (!isDone) {
      isDone = true
      listener()
    }
    return Reflect.apply(writeHead, this, args) as ServerResponse
  }
}

/** Encodes the body for clients that ask for it, in the manner of the compression package. */
function reversing(req: IncomingMessage, res: ServerResponse, next: () => void): void {
  const { end } = res
  onHead(res, () => {
    res.setHeader('Vary', 'X-Accept-Reversed')
    if (req.headers['x-accept-reversed'] === undefined) return
    res.setHeader('Content-Encoding', 'reversed')
    res.removeHeader('Content-Length')
  })
  res.end = function (this: ServerResponse, chunk: unknown, encoding: unknown) {
    if (!this.headersSent) this.writeHead(this.statusCode)
    const body = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk), encoding as BufferEncoding)
    const isAsked = req.headers['x-accept-reversed'] !== undefined
    return Reflect.apply(end, this, [isAsked ? Buffer.from(body).reverse() : body]) as ServerResponse
  } as typeof res.end
  next()
}

function isGiven([name]: readonly [string, string]): boolean {
  return !ADDED.test(name)
}

async function storedKeys(cache: Cache): Promise<readonly string[]> {
  const stats = await cache.getStats()
  return stats.type === 'memory' ? stats.keys : []
}

describe('What cacheResponse stores', () => {
  for (const [version, express] of expressVersions) {
    it(`holds no credential of the request, also where the response varies by it, under ${version}`, async () => {
      const cache = createCache({ redis: false, logger: false, nearCache: false })
      const app = express()
      app.get('/', cacheResponse('5m', { cache, scope: () => 'ann' }), (_req: Request, res: Response) => {
        res.vary('Authorization, Cookie')
        res.json({})
      })
      const server = await WebServer.start(app)
      try {
        const headers = { authorization: 'Bearer SECRET-TOKEN', cookie: 'sid=SECRET-SESSION' }
        await server.get('/', headers)
        const again = await server.get('/', headers)
        expect(again.headers['cache-status']).to.match(/hit/)
        const { keys } = (await cache.getStats()) as MemoryStats
        const stored = await Promise.all(keys.map(async (key) => String(await cache.get(key))))
        expect(stored.join())
          .to.include('"status":200')
          .and.not.match(/SECRET/)
      } finally {
        await server.close()
      }
    })
  }
})
