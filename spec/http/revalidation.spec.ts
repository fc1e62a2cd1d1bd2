import type { OutgoingHttpHeaders } from 'node:http'
import { pipeline, Readable } from 'node:stream'
import { expect } from 'chai'
import type { Request, Response } from 'express'
import { cacheResponse } from 'holdfast'
import type { ResponseOptions } from 'holdfast'
import { CachedSite, counting, statusOf } from '../support/cached-site'
import { eventually } from '../support/eventually'
import { expressVersions } from '../support/express-versions'
import type { Route } from '../support/ways-of-sending'

const MODIFIED = 'Mon, 04 May 2026 10:00:00 GMT'

for (const [version, express] of expressVersions) {
  describe(`What is over, under ${version}`, () => {
    let site: CachedSite

    beforeEach(async () => {
      site = await CachedSite.start(express)
    })

    afterEach(() => site.close())

    /** A route that knows when its client has what it would send. */
    function validating(fields: () => Record<string, string>, asked: object[] = []): Route {
      let runs = 0
      return (req, res) => {
        const { 'if-none-match': etag, 'if-modified-since': date } = req.headers
        asked.push({ ...(etag !== undefined && { etag }), ...(date !== undefined && { date }) })
        res.set(fields())
        const isSame = etag === undefined ? date === MODIFIED : etag === fields()['ETag']
        if (isSame) res.status(304).end()
        else res.end(`run ${String((runs += 1))}`)
      }
    }

    describe('revalidation with the route (RFC 9111 §4.3)', () => {
      it('shows the route the stored ETag; its 304 makes the stored response fresh again', async () => {
        const asked: object[] = []
        const spy = site.serve(validating(() => ({ ETag: '"a"', 'Cache-Control': 'max-age=10' }), asked))
        await site.get()
        site.seconds(11)
        const second = await site.get()
        expect(second).to.include({ status: 200, text: 'run 1' })
        expect(statusOf(second)).to.equal('fwd=stale; fwd-status=304; stored')
        expect(second.headers).to.include({ age: '0' })
        site.seconds(5)
        expect(await site.status()).to.equal('hit; ttl=5')
        expect(spy.callCount).to.equal(2)
        expect(asked).to.deep.equal([{}, { etag: '"a"' }])
      })

      it('shows the route the stored Last-Modified', async () => {
        const asked: object[] = []
        site.serve(validating(() => ({ 'Last-Modified': MODIFIED, 'Cache-Control': 'max-age=10' }), asked))
        await site.get()
        site.seconds(11)
        expect((await site.get()).text).to.equal('run 1')
        expect(asked).to.deep.equal([{}, { date: MODIFIED }])
      })

      for (const cacheControl of ['no-cache', 'max-age=0', 'max-age=0, must-revalidate']) {
        it(`asks the route each time where it says ${cacheControl} (RFC 9111 §5.2.2.4)`, async () => {
          const spy = site.serve(validating(() => ({ ETag: '"a"', 'Cache-Control': cacheControl })))
          expect(await site.texts({}, {}, {})).to.deep.equal(['run 1', 'run 1', 'run 1'])
          expect(spy.callCount).to.equal(3)
        })
      }

      it('answers 304 to a client that has what the route calls still right', async () => {
        site.serve(validating(() => ({ ETag: '"a"', 'Cache-Control': 'no-cache', 'X-Own': '1' })))
        await site.get()
        const answer = await site.get({ 'if-none-match': '"a"' })
        expect(answer).to.include({ status: 304, text: '' })
        expect(answer.headers).to.include({ etag: '"a"', 'x-own': '1' })
      })

      it('answers in full a client that has something older', async () => {
        const asked: object[] = []
        site.serve(validating(() => ({ ETag: '"a"', 'Cache-Control': 'no-cache' }), asked))
        await site.get()
        expect(await site.get({ 'if-none-match': '"old"' })).to.include({ status: 200, text: 'run 1' })
        expect(asked.at(-1)).to.deep.equal({ etag: '"a"' })
      })

      it('answers a Range from what the route calls still right', async () => {
        site.serve(validating(() => ({ ETag: '"a"', 'Cache-Control': 'no-cache' })))
        await site.get()
        expect(await site.get({ range: 'bytes=0-2' })).to.include({ status: 206, text: 'run' })
      })

      it('takes over what the 304 says, but not how the bytes are to be read (RFC 9111 §3.2)', async () => {
        let round = 0
        site.serve(
          validating(() => {
            const fields = { ETag: '"a"', 'Cache-Control': 'max-age=10', 'X-Kept': 'first' }
            if (round === 0) return { ...fields, 'X-Changed': 'old' }
            return {
              ETag: '"a"',
              'Cache-Control': 'max-age=20',
              'X-Changed': 'new',
              'Content-Encoding': 'gzip',
            }
          }),
        )
        await site.get()
        site.seconds(11)
        round += 1
        for (const { headers } of [await site.get(), await site.get()]) {
          expect(headers).to.include({ 'x-changed': 'new', 'x-kept': 'first', 'cache-control': 'max-age=20' })
          expect(headers).to.include({ 'content-length': '5' }).and.not.to.have.property('content-encoding')
        }
      })

      const others: [what: string, stored: Record<string, string>, answered: Record<string, string>][] = [
        ['a strong ETag', { ETag: '"a"' }, { ETag: '"b"' }],
        ['a weak ETag', { ETag: 'W/"a"' }, { ETag: 'W/"b"' }],
        ['a strong ETag in the place of a weak one', { ETag: 'W/"a"' }, { ETag: '"a"' }],
        [
          'a Last-Modified',
          { 'Last-Modified': MODIFIED },
          { 'Last-Modified': 'Mon, 04 May 2026 11:00:00 GMT' },
        ],
        ['an ETag where there was none', { 'Last-Modified': MODIFIED }, { ETag: '"b"' }],
      ]
      for (const [what, stored, answered] of others) {
        it(`does not update what is stored by a 304 that names another: ${what} (RFC 9111 §4.3.4)`, async () => {
          const asked: unknown[] = []
          site.serve((req, res) => {
            const { 'if-none-match': etag, 'if-modified-since': date } = req.headers
            asked.push(etag ?? date)
            res.set({ 'Cache-Control': 'max-age=10', 'X-Run': String(asked.length) })
            if (asked.length === 2) res.set(answered).status(304).end()
            else res.set(stored).end(`run ${String(asked.length)}`)
          })
          await site.get()
          site.seconds(11)
          const answer = await site.get()
          expect(answer).to.include({ status: 200, text: 'run 1' })
          expect(answer.headers).to.include({ 'x-run': '1' })
          expect((await site.get()).text).to.equal('run 3')
          expect(asked).to.deep.equal([undefined, Object.values(stored)[0], undefined])
        })
      }

      const same: [what: string, stored: Record<string, string>, answered: Record<string, string>][] = [
        ['its weak ETag', { ETag: 'W/"a"' }, { ETag: 'W/"a"' }],
        ['its ETag, weakly', { ETag: '"a"' }, { ETag: 'W/"a"' }],
        ['its ETag, and another Last-Modified', { ETag: '"a"' }, { ETag: '"a"', 'Last-Modified': MODIFIED }],
        ['no validator', { ETag: '"a"' }, {}],
      ]
      for (const [what, stored, answered] of same) {
        it(`updates what is stored by a 304 that names ${what} (RFC 9111 §4.3.4)`, async () => {
          let runs = 0
          site.serve((_req, res) => {
            runs += 1
            res.set({ 'Cache-Control': 'max-age=10', 'X-Run': String(runs) })
            if (runs === 1) res.set(stored).end('run 1')
            else res.set(answered).status(304).end()
          })
          await site.get()
          site.seconds(11)
          for (const answer of [await site.get(), await site.get()]) {
            expect(answer).to.include({ status: 200, text: 'run 1' })
            expect(answer.headers).to.include({ 'x-run': '2' })
          }
        })
      }

      it('tells variants apart by the Vary of the 304 from then on (RFC 9111 §3.2, §4.1)', async () => {
        let round = 0
        site.serve(
          validating(() => ({
            ETag: '"a"',
            'Cache-Control': 'max-age=10',
            ...((round += 1) > 1 && { Vary: 'Accept-Language' }),
          })),
        )
        await site.get({ 'accept-language': 'el' })
        site.seconds(11)
        expect((await site.get({ 'accept-language': 'el' })).text).to.equal('run 1')
        expect(await site.status({ 'accept-language': 'el' })).to.match(/^hit/)
        expect((await site.get({ 'accept-language': 'de' })).text).to.equal('run 2')
        expect((await site.get({ 'accept-language': 'el' })).text).to.equal('run 1')
      })

      it('goes on naming the fields of the vary option where a 304 has a Vary of its own', async () => {
        let round = 0
        site.serve(
          validating(() => ({
            ETag: '"a"',
            'Cache-Control': 'max-age=10',
            ...((round += 1) > 1 && { Vary: 'Origin' }),
          })),
          undefined,
          { vary: ['accept-language'] },
        )
        await site.get()
        site.seconds(11)
        expect((await site.get()).headers).to.include({ vary: 'Origin, accept-language' })
        expect((await site.get()).headers).to.include({ vary: 'Origin, accept-language' })
      })

      it('stores the new response in the place of the old one', async () => {
        let etag = '"a"'
        site.serve(validating(() => ({ ETag: etag, 'Cache-Control': 'max-age=10' })))
        await site.get()
        site.seconds(11)
        etag = '"b"'
        expect(await site.texts({}, {})).to.deep.equal(['run 2', 'run 2'])
      })

      for (const status of [203, 301, 404, 410]) {
        it(`asks anew where a ${String(status)} is stored: a 304 stands for a 200 (RFC 9110 §15.4.5)`, async () => {
          const asked: object[] = []
          const route = validating(() => ({ ETag: '"a"', 'Cache-Control': 'max-age=10' }), asked)
          let isFirst = true
          site.serve((req, res, next) => {
            if (isFirst) res.status(status).set({ ETag: '"a"', 'Cache-Control': 'max-age=10' }).end('first')
            else route(req, res, next)
            isFirst = false
          })
          expect(await site.get()).to.include({ status })
          expect(await site.status()).to.match(/^hit/)
          site.seconds(11)
          expect(await site.get()).to.include({ status: 200, text: 'run 1' })
          expect(asked).to.deep.equal([{}])
        })
      }

      it('drops the old response where the new one is not to be stored', async () => {
        const asked: unknown[] = []
        let cacheControl = 'max-age=10'
        site.serve((req, res) => {
          asked.push(req.headers['if-none-match'])
          res.set({ ETag: '"a"', 'Cache-Control': cacheControl }).end('x')
        })
        await site.get()
        site.seconds(11)
        cacheControl = 'no-store'
        await site.texts({}, {})
        expect(asked).to.deep.equal([undefined, '"a"', undefined])
      })

      it('works with the ETag that Express makes by itself', async () => {
        site.serve((_req, res) => res.set('Cache-Control', 'no-cache').send('hello'))
        await site.get()
        const second = await site.get()
        expect(second).to.include({ status: 200, text: 'hello' })
        expect(statusOf(second)).to.equal('fwd=stale; fwd-status=304; stored')
        expect(second.headers).to.include({ 'content-type': 'text/html; charset=utf-8' })
      })

      it('neither stores nor keeps for others what a 304 says that was made from a cookie', async () => {
        site.serve((req, res) => {
          res.set({ ETag: '"a"', 'Cache-Control': 'max-age=10' })
          if (req.headers['if-none-match'] === undefined) res.end('shared')
          else
            res
              .set('X-Own', req.headers.cookie ?? 'nobody')
              .status(304)
              .end()
        })
        await site.get()
        site.seconds(11)
        const asked: OutgoingHttpHeaders[] = [{ cookie: 'ann' }, { cookie: 'bob' }]
        for (const headers of asked) {
          const answer = await site.get({ ...headers, 'if-none-match': '"a"' })
          expect(answer.headers['x-own']).to.equal(headers.cookie)
          expect(statusOf(answer)).not.to.include('stored')
        }
      })

      it('answers a plain GET with 200 also where two of them stand on the route', async () => {
        site.app.use(cacheResponse('10s', { cache: site.cache }))
        site.serve((_req, res) => res.set('Cache-Control', 'no-cache').send('hello'), '5m')
        for (let round = 0; round < 3; round += 1)
          expect(await site.get()).to.include({ status: 200, text: 'hello' })
      })

      it('gives the handler its client\u2019s own headers back when it is done', async () => {
        const seen: unknown[] = []
        site.app.use((req, res, next) => {
          res.once('finish', () => seen.push(req.headers['if-none-match']))
          next()
        })
        site.serve(counting({ 'Cache-Control': 'max-age=10', ETag: '"a"' }))
        await site.get({ 'if-none-match': '"mine"' })
        expect(seen).to.deep.equal(['"mine"'])
      })
    })

    describe('HEAD to the route (RFC 9111 §4.3.5)', () => {
      const fields = { ETag: '"a"', 'Cache-Control': 'max-age=10' }

      it('makes a stored response fresh where it is about the same', async () => {
        site.serve((req, res) => {
          res.set(fields)
          res.end(req.method === 'GET' ? 'whole' : undefined)
        })
        await site.get()
        site.seconds(11)
        const head = await site.ask({ method: 'HEAD' })
        expect(head).to.include({ status: 200, text: '' })
        expect(head.headers).to.include({ 'content-length': '5' })
        expect(statusOf(head)).to.equal('fwd=stale; stored')
        expect(statusOf(await site.get())).to.equal('hit; ttl=10')
        expect((await site.get()).text).to.equal('whole')
      })

      it('takes over what it says of a stored response, but no body', async () => {
        let runs = 0
        site.serve((req, res) => {
          runs += 1
          res.set({ ...fields, 'X-Run': String(runs) })
          res.end(req.method === 'GET' ? `run ${String(runs)}` : undefined)
        })
        await site.get()
        site.seconds(11)
        await site.ask({ method: 'HEAD' })
        const { text, headers } = await site.get()
        expect([text, headers['x-run']]).to.deep.equal(['run 1', '2'])
      })

      it('drops a stored response where it is about another', async () => {
        let etag = '"a"'
        const asked: unknown[] = []
        site.serve((req, res) => {
          asked.push(req.headers['if-none-match'])
          res.set({ ...fields, ETag: etag }).end('whole')
        })
        await site.get()
        site.seconds(11)
        etag = '"b"'
        await site.ask({ method: 'HEAD' })
        await site.get()
        expect(asked).to.deep.equal([undefined, '"a"', undefined])
      })
    })

    describe('HEAD to a route that says nothing of what it would send', () => {
      it('makes nothing fresh', async () => {
        let price = 10
        site.app.disable('etag')
        site.serve((_req, res) => {
          res.set('Cache-Control', 'max-age=10, stale-if-error=60')
          res.write('price ')
          res.end(String(price))
        })
        await site.get()
        site.seconds(11)
        price = 20
        expect(statusOf(await site.ask({ method: 'HEAD' }))).to.equal('fwd=stale')
        expect((await site.get()).text).to.equal('price 20')
      })

      it('takes nothing away where it says the length of other bytes than those that were encoded behind the cache', async () => {
        let isDown = false
        site.serve((req, res) => {
          if (isDown) return void res.status(503).end()
          res.set({ 'Cache-Control': 'max-age=10, stale-if-error=60', ETag: '"a"' })
          if (req.method === 'HEAD') return void res.set('Content-Length', '4000').end()
          res.set('Content-Encoding', 'x-own').end('fewer')
        })
        await site.get()
        site.seconds(20)
        expect(statusOf(await site.ask({ method: 'HEAD' }))).to.equal('fwd=stale')
        isDown = true
        expect((await site.get()).text).to.equal('fewer')
      })

      for (const [method, status] of [
        ['HEAD', 404],
        ['HEAD', 405],
        ['GET', 429],
        ['GET', 401],
      ] as const) {
        it(`takes nothing away of what may stand in by ${String(status)} in answer to ${method}`, async () => {
          let said = 200
          site.serve((_req, res) => {
            if (said === 200) res.set('Cache-Control', 'max-age=10, stale-if-error=60').send('whole')
            else res.status(said).send('no')
          })
          await site.get()
          site.seconds(20)
          said = status
          expect((await site.ask({ method })).status).to.equal(status)
          said = 503
          expect((await site.get()).text).to.equal('whole')
        })
      }

      for (const status of [404, 410]) {
        it(`drops what may stand in where the route answers ${String(status)} to GET`, async () => {
          let said = 200
          site.serve((_req, res) => {
            if (said === 200) res.set('Cache-Control', 'max-age=10, stale-if-error=60').send('whole')
            else res.status(said).end()
          })
          await site.get()
          site.seconds(20)
          said = status
          await site.get()
          said = 503
          expect((await site.get()).status).to.equal(503)
        })
      }

      it('takes nothing away of what may stand in', async () => {
        let isDown = false
        site.app.disable('etag')
        site.serve(
          (_req, res) => {
            res.set('Cache-Control', 'max-age=10, stale-if-error=60')
            if (isDown) res.status(503).send('down')
            else res.send('whole')
          },
          undefined,
          { etag: 'strong' },
        )
        await site.get()
        site.seconds(20)
        expect((await site.ask({ method: 'HEAD' })).status).to.equal(200)
        isDown = true
        expect((await site.get()).text).to.equal('whole')
      })
    })

    describe('stale-while-revalidate (RFC 5861 §3)', () => {
      const fields = { 'Cache-Control': 'max-age=10, stale-while-revalidate=60' }

      it('answers at once with what is over, and runs the route behind, once', async () => {
        let go = (): void => undefined
        let runs = 0
        const spy = site.serve((_req, res) => {
          runs += 1
          const text = `run ${String(runs)}`
          const end = () => res.set(fields).end(text)
          if (runs === 1) end()
          else go = end
        })
        await site.get()
        site.seconds(12)
        const stale = [await site.get(), await site.get()]
        expect(stale.map(({ text }) => text)).to.deep.equal(['run 1', 'run 1'])
        expect(stale.map(statusOf)).to.deep.equal(['hit; ttl=-2', 'hit; ttl=-2'])
        await eventually(() => spy.callCount === 2)
        go()
        await eventually(async () => (await site.get()).text === 'run 2')
        expect(spy.callCount).to.equal(2)
      })

      it('shows the route behind the request that it stands for', async () => {
        const seen: unknown[] = []
        site.serve((req, res) => {
          seen.push([req.method, req.originalUrl, req.get('accept-language'), req.ip, req.protocol])
          res.vary('Accept-Language').set(fields).end('x')
        })
        await site.get({ 'accept-language': 'el' })
        site.seconds(12)
        await site.get({ 'accept-language': 'el' })
        await eventually(() => seen.length === 2)
        expect(seen[1]).to.deep.equal(seen[0])
      })

      it('runs behind also a route that sets up its connection', async () => {
        let runs = 0
        site.serve((req, res) => {
          req.socket.setKeepAlive(true).setNoDelay(true).ref().unref().ref()
          res.set(fields).end(`run ${String((runs += 1))}`)
        })
        await site.get()
        site.seconds(12)
        await site.get()
        await eventually(async () => (await site.get()).text === 'run 2')
      })

      it('is by the option where the route says nothing', async () => {
        let runs = 0
        const spy = site.serve((_req, res) => res.end(`run ${String((runs += 1))}`), '10s', {
          staleWhileRevalidate: '1m',
        })
        await site.get()
        site.seconds(30)
        expect((await site.get()).text).to.equal('run 1')
        await eventually(() => spy.callCount === 2)
      })

      it('answers also with what was over from the beginning, without a validator', async () => {
        site.serve(counting({ 'Cache-Control': 'max-age=0, stale-while-revalidate=60' }))
        await site.get()
        expect((await site.get()).text).to.equal('run 1')
        await eventually(async () => (await site.get()).text !== 'run 1')
      })

      it('counts from when it was over, by the Age that it came with', async () => {
        site.serve(counting({ ...fields, ETag: '"a"', Age: '60' }))
        await site.get()
        site.seconds(9)
        expect(await site.status()).to.equal('hit; ttl=-59')
        site.seconds(10)
        expect(await site.status()).to.match(/^fwd=stale/)
      })

      it('is over with its time: then the client waits for the route', async () => {
        site.serve(counting(fields))
        await site.get()
        site.seconds(71)
        expect((await site.get()).text).to.equal('run 2')
      })

      const breaks: [how: string, end: (req: Request, res: Response) => unknown][] = [
        ['destroys its response with an error', (_req, res) => res.destroy(new Error('broken'))],
        ['destroys its request with an error', (req) => req.destroy(new Error('broken'))],
        [
          'sends a stream that fails halfway',
          (_req, res) => {
            const source = Readable.from(['half', new Error('broken')]).map((piece: unknown) => {
              if (piece instanceof Error) throw piece
              return piece
            })
            pipeline(source, res, () => undefined)
          },
        ],
      ]
      for (const [how, end] of breaks) {
        it(`keeps the old response where the route behind ${how}, and the process goes on`, async () => {
          let runs = 0
          site.serve((req, res) => {
            res.set(fields)
            if ((runs += 1) === 1) res.end('run 1')
            else if (runs === 2) end(req, res)
            else res.end('run 3')
          })
          await site.get()
          site.seconds(12)
          expect((await site.get()).text).to.equal('run 1')
          await eventually(() => runs === 2)
          await eventually(async () => (await site.get()).text === 'run 3')
        })
      }

      it('keeps the old response where the route behind fails', async () => {
        let runs = 0
        site.serve((_req, res) => {
          if ((runs += 1) > 1) throw new Error('broken')
          res.set(fields).end('run 1')
        })
        await site.get()
        site.seconds(12)
        expect((await site.get()).text).to.equal('run 1')
        await eventually(() => runs === 2)
        expect((await site.get()).text).to.equal('run 1')
      })
    })

    describe('stale-if-error (RFC 5861 §4)', () => {
      const fields = { 'Cache-Control': 'max-age=10, stale-if-error=60' }

      const failures: [how: string, fail: Route][] = [
        ['answers 503', (_req, res) => res.status(503).send('down')],
        [
          'throws',
          () => {
            throw new Error('broken')
          },
        ],
        [
          'gives an error to next',
          (_req, _res, next) => {
            next(new Error('broken'))
          },
        ],
        [
          'writes a 500 in pieces',
          (_req, res) => void (res.writeHead(500), res.write('br'), res.end('oken')),
        ],
      ]
      for (const [how, fail] of failures) {
        it(`sends what is over where the route ${how}`, async () => {
          let isDown = false
          const route = counting({ ...fields, 'X-Own': '1' })
          site.serve((req, res, next) => (isDown ? fail(req, res, next) : route(req, res, next)))
          await site.get()
          site.seconds(20)
          isDown = true
          const answer = await site.get()
          expect(answer).to.include({ status: 200, text: 'run 1' })
          expect(statusOf(answer)).to.match(/^fwd=stale; fwd-status=50[03]; detail=stale-if-error$/)
          expect(answer.headers).to.include({ age: '20', 'x-own': '1', 'content-length': '5' })
          site.seconds(60)
          expect((await site.get()).status).to.be.oneOf([500, 503])
        })
      }

      it('sends nothing of before to whom another cache further in would have told apart', async () => {
        let isDown = false
        const inner = cacheResponse('5m', { cache: site.cache, scope: () => 'ann' })
        const route = counting(fields)
        const answering: Route = (req, res, next) => {
          if (!isDown) route(req, res, next)
          else if (req.query['silent'] === undefined) res.status(503).send('down')
          else setTimeout(() => res.status(503).send('down'), 100)
        }
        site.app.use(cacheResponse({ cache: site.cache, routeTimeout: 50, query: [] }))
        site.app.use((req, res, next) => {
          if (isDown) inner(req, res, next)
          else next()
        })
        site.app.get('/page', answering)
        await site.get()
        site.seconds(20)
        isDown = true
        for (const path of ['/page', '/page?silent=1']) {
          expect(await site.server.get(path)).to.include({ status: 503, text: 'down' })
        }
      })

      it('sends what is over where the route has no answer in its time, and what it sends later goes nowhere', async () => {
        let late: (() => void) | undefined
        const route = counting(fields)
        let isDown = false
        site.serve(
          (req, res, next) => {
            if (!isDown) route(req, res, next)
            else late = () => res.set('X-Late', '1').json({ late: true })
          },
          undefined,
          { routeTimeout: 50 },
        )
        await site.get()
        site.seconds(20)
        isDown = true
        const answer = await site.get()
        expect(answer.text).to.equal('run 1')
        expect(statusOf(answer)).to.equal('fwd=stale; detail=stale-if-error')
        await new Promise((resolve) => setImmediate(resolve))
        late?.()
        expect((await site.get()).text).to.equal('run 1')
      })

      const forbidden: [what: string, cacheControl: string, options?: ResponseOptions][] = [
        ['must-revalidate', 'max-age=10, stale-if-error=60, must-revalidate'],
        ['s-maxage, by the option alone', 's-maxage=10', { staleIfError: '1m' }],
      ]
      for (const [what, cacheControl, options] of forbidden) {
        it(`is forbidden by ${what} (RFC 9111 §4.2.4)`, async () => {
          let isDown = false
          site.serve(
            (_req, res) =>
              isDown ? res.status(503).end('down') : res.set('Cache-Control', cacheControl).end('up'),
            undefined,
            options ?? {},
          )
          await site.get()
          site.seconds(20)
          isDown = true
          expect((await site.get()).status).to.equal(503)
        })
      }

      it('stands in also where it was over from the beginning, without a validator', async () => {
        let isDown = false
        const declared = { 'Cache-Control': 'max-age=0, stale-if-error=60' }
        site.serve((_req, res) => (isDown ? res.status(500).end('down') : res.set(declared).end('up')))
        await site.get()
        isDown = true
        expect((await site.get()).text).to.equal('up')
        site.seconds(60)
        expect((await site.get()).status).to.equal(500)
      })

      it('is by the option where the route says nothing', async () => {
        let isDown = false
        site.serve((_req, res) => (isDown ? res.status(503).end('down') : res.end('up')), '10s', {
          staleIfError: '1m',
        })
        await site.get()
        site.seconds(20)
        isDown = true
        expect(await site.texts({}, {})).to.deep.equal(['up', 'up'])
      })
    })
  })
}
