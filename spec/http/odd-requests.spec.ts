import { expect } from 'chai'
import type { Express, Request, RequestHandler, Response } from 'express'
import { cacheResponse } from 'holdfast'
import { CachedSite, statusOf } from '../support/cached-site'
import { expressVersions } from '../support/express-versions'

const OWN = 'holdfast'

for (const [version, express] of expressVersions) {
  describe(`A request that somebody has made something odd of, under ${version}`, () => {
    let site: CachedSite
    let app: Express

    beforeEach(async () => {
      site = await CachedSite.start(express)
      ;({ app } = site)
    })

    afterEach(() => site.close())

    /** Makes something of those requests that ask for it. */
    const makes = (odd: (req: Request, res: Response) => void): RequestHandler => {
      return (req, res, next) => {
        if (req.headers['x-test-odd'] !== undefined) odd(req, res)
        next()
      }
    }

    const oddities: readonly (readonly [what: string, odd: (req: Request, res: Response) => void])[] = [
      ['no locals', (_req, res) => Object.assign(res, { locals: null })],
      [
        'locals that let nothing be added',
        (_req, res) => (res.locals = Object.preventExtensions({ user: 'ann' })),
      ],
      ['locals that are frozen', (_req, res) => (res.locals = Object.freeze({ user: 'ann' }))],
      [
        'headers that cannot be replaced',
        (req) => Object.defineProperty(req, 'headers', { value: req.headers, writable: false }),
      ],
      [
        'headers behind a getter',
        (req) => {
          const { headers } = req
          Object.defineProperty(req, 'headers', { get: () => headers, configurable: true })
        },
      ],
      [
        'headers as they came that cannot be read',
        (req) =>
          Object.defineProperty(req, 'rawHeaders', {
            get: () => {
              throw new Error('gone')
            },
          }),
      ],
    ]
    for (const [what, odd] of oddities) {
      for (const method of ['GET', 'HEAD'] as const) {
        it(`(${what}, ${method}) is answered by the route, and keeps nobody waiting`, async () => {
          app.use(makes(odd))
          let runs = 0
          site.serve((_req, res) => res.end(`run ${String((runs += 1))}`), '5m', { collapse: 20_000 })
          const answer = await site.ask({ method, headers: { 'x-test-odd': '1' } })
          expect(answer).to.include({ status: 200, text: method === 'GET' ? 'run 1' : '' })
          const begun = performance.now()
          const others = await Promise.all([site.get(), site.get()])
          expect(performance.now() - begun).to.be.lessThan(10_000)
          for (const other of others) expect(other.status).to.equal(200)
          expect(await site.status()).to.match(/^hit/)
        })
      }
    }

    for (const close of [Object.preventExtensions, Object.freeze]) {
      it(`counts locals as read that let nothing be put in their place (${close.name})`, async () => {
        app.use(makes((_req, res) => (res.locals = close({ user: 'ann' }))))
        site.serve((_req, res) => res.end('x'), '5m')
        expect(await site.status({ 'x-test-odd': '1' })).to.equal('fwd=uri-miss; detail=read-locals.user')
      })
    }

    it('says of what cannot be watched that nothing was stored, once and without what it holds', async () => {
      app.use(
        makes((req) =>
          Object.defineProperty(req, 'rawHeaders', {
            get: () => {
              throw new Error('gone')
            },
          }),
        ),
      )
      site.serve((_req, res) => res.set('ETag', '"a"').send('x'), '5m')
      for (const status of [200, 304]) {
        // As it was asked, too.
        const headers = { 'x-test-odd': '1', ...(status === 304 && { 'if-none-match': '"a"' }) }
        const answer = await site.get(headers)
        expect([answer.status, statusOf(answer)]).to.deep.equal([status, 'fwd=uri-miss'])
      }
      expect(site.logger.lines).to.deep.equal([
        { level: 'warn', message: 'Cache value not stored', details: { keys: 'response:*', cause: 'gone' } },
      ])
    })

    const ways: readonly ((object: object) => object)[] = [
      Object.preventExtensions,
      Object.seal,
      Object.freeze,
    ]
    for (const close of ways) {
      it(`may have its locals closed by the route (${close.name}): they answer as before`, async () => {
        const seen: unknown[] = []
        app.use((_req, res, next) => {
          res.locals['user'] = 'ann'
          res.once('finish', () => seen.push(res.locals['user'], Object.keys(res.locals)))
          next()
        })
        site.serve((_req, res) => {
          close(res.locals)
          res.end('x')
        }, '5m')
        expect(await site.texts({}, {})).to.deep.equal(['x', 'x'])
        expect(seen.slice(0, 2)).to.deep.equal(['ann', ['user']])
      })
    }

    it('shows nobody what is noted on it: copies of it and of its response have nothing of that', async () => {
      const ownOf = (object: object): symbol[] =>
        Object.getOwnPropertySymbols({ ...object }).filter(({ description }) => description === OWN)
      site.serve((req, res) => res.send([...ownOf(req), ...ownOf(res)].map(String)), '5m')
      expect(await site.texts({})).to.deep.equal(['[]'])
    })

    const identify: RequestHandler = (req, _res, next) => {
      next(void Object.assign(req, { user: req.headers['x-test-identity'] }))
    }
    const sendUser: RequestHandler = (req, res) => {
      res.send((req as unknown as { user: string }).user)
    }
    const asked = ['ann', 'bob', 'ann'].map((name) => ({ 'x-test-identity': name }))

    it('passes on to a mounted application what that gives it, with one cache around another', async () => {
      const inner = express()
      inner.get('/page', identify, sendUser)
      app.use(cacheResponse('5m', { cache: site.cache }))
      app.use(cacheResponse('5m', { cache: site.cache }), inner)
      expect(await site.texts(...asked)).to.deep.equal(['ann', 'bob', 'ann'])
    })

    it('keeps what it is given behind a cache that has a mounted application behind it too, with one around that', async () => {
      const caching = cacheResponse('5m', { cache: site.cache })
      const inner = express()
      inner.get('/', sendUser)
      app.use(cacheResponse('5m', { cache: site.cache }))
      app.use('/mounted', caching, inner)
      app.get('/page', caching, identify, sendUser)
      expect(statusOf(await site.server.get('/mounted'))).to.include('detail=mounted')
      expect(await site.texts(...asked)).to.deep.equal(['ann', 'bob', 'ann'])
    })

    it('is watched to its end by the cache that decides, though one around it has ended', async () => {
      app.use(cacheResponse('5m', { cache: site.cache }))
      const spy = site.serve((req, res) => {
        res.write('hello ')
        res.end((req as unknown as { user?: string }).user ?? 'stranger')
      }, '5m')
      expect(await site.texts({}, {})).to.deep.equal(['hello stranger', 'hello stranger'])
      expect(spy.callCount).to.equal(2)
    })
  })
}
