import { expect } from 'chai'
import type { ErrorRequestHandler, Express, Request } from 'express'
import { cacheResponse, invalidateResponses, InvalidOptionError } from 'holdfast'
import type { CacheableRequest, InvalidateResponsesOptions, ResponseOptions } from 'holdfast'
import { CachedSite, counting, statusOf } from '../support/cached-site'
import { eventually } from '../support/eventually'
import { expressVersions } from '../support/express-versions'
import { RedisServer } from '../support/redis-server'
import type { Route } from '../support/ways-of-sending'

for (const [version, express] of expressVersions) {
  describe(`Invalidation under ${version}`, () => {
    let site: CachedSite
    let app: Express

    beforeEach(async () => {
      site = await CachedSite.start(express)
      ;({ app } = site)
    })

    afterEach(() => site.close())

    const text = async (path: string, headers = {}) => (await site.server.get(path, headers)).text
    const fresh = () => counting({ 'Cache-Control': 'max-age=60' })

    /** Puts a page at each of these paths, and what is done to them behind them. */
    function pages(paths: readonly string[], change: Route): void {
      for (const path of paths) {
        app.use(path, cacheResponse({ cache: site.cache }))
        app.get(path, fresh())
        app.all(path, change)
      }
    }

    describe('by an unsafe method on the URL (RFC 9111 §4.4)', () => {
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'LOCK']) {
        for (const status of [200, 201, 204, 303]) {
          it(`${method} that is answered ${String(status)} drops what is stored`, async () => {
            pages(['/page'], (_req, res) => res.status(status).end())
            expect([await text('/page'), await text('/page')]).to.deep.equal(['run 1', 'run 1'])
            await site.ask({ method })
            expect(await text('/page')).to.equal('run 2')
          })
        }
      }

      for (const method of ['OPTIONS', 'PROPFIND']) {
        it(`${method} is safe, and drops nothing`, async () => {
          pages(['/page'], (_req, res) => res.end())
          await text('/page')
          await site.ask({ method })
          expect(await text('/page')).to.equal('run 1')
        })
      }

      for (const status of [400, 404, 500]) {
        it(`one that fails with ${String(status)} drops nothing`, async () => {
          pages(['/page'], (_req, res) => res.status(status).end())
          await text('/page')
          await site.ask({ method: 'POST' })
          expect(await text('/page')).to.equal('run 1')
        })
      }

      const ends: [what: string, change: Route][] = [
        [
          'asks whether its head was sent',
          (_req, res) => void (res.json('first'), sent.push(res.headersSent)),
        ],
        [
          'ends it twice',
          (_req, res) =>
            res
              .on('error', () => undefined)
              .send('first')
              .end('second'),
        ],
        [
          'goes on where nothing was sent',
          (_req, res, next) => {
            res.json('first')
            if (!res.headersSent) next()
          },
        ],
        [
          'throws behind its answer',
          (_req, res) => {
            res.status(201).send('first')
            throw new Error('late')
          },
        ],
        ['sends pieces', (_req, res) => void (res.write('fi'), res.end('rst'))],
        ['sends no body', (_req, res) => void (res.status(204).end(), sent.push(res.headersSent))],
      ]
      let sent: boolean[] = []
      for (const [what, change] of ends) {
        it(`is answered as without a cache where the route ${what}`, async () => {
          sent = []
          app.post('/plain', change)
          app.post('/page', cacheResponse('5m', { cache: site.cache }), change)
          app.use((_req, res) => void res.status(404).send('another'))
          app.use(((_error, _req, res, next) => {
            if (res.headersSent) next(_error)
            else res.status(500).send('an error page')
          }) as ErrorRequestHandler)
          const seen = []
          for (const path of ['/plain', '/page']) {
            const question = { method: 'POST', headers: { connection: 'close' } }
            const { status, text: body, headers } = await site.server.ask(path, question)
            const { 'content-length': length, 'transfer-encoding': coding, 'content-type': type } = headers
            seen.push({ status, body, length, coding, type })
          }
          expect(seen[1]).to.deep.equal(seen[0])
          expect(new Set(sent)).not.to.include(false)
        })
      }

      it('drops every variant', async () => {
        app.use('/page', cacheResponse({ cache: site.cache }))
        let runs = 0
        app.get('/page', (_req, res) => {
          res
            .vary('Accept-Language')
            .set('Cache-Control', 'max-age=60')
            .end(`run ${String((runs += 1))}`)
        })
        app.post('/page', (_req, res) => res.sendStatus(204))
        const both = async () => [
          await text('/page', { 'accept-language': 'el' }),
          await text('/page', { 'accept-language': 'de' }),
        ]
        expect([await both(), await both()]).to.deep.equal([
          ['run 1', 'run 2'],
          ['run 1', 'run 2'],
        ])
        await site.ask({ method: 'POST' })
        expect(await both()).to.deep.equal(['run 3', 'run 4'])
      })

      it('drops every scope', async () => {
        const scope = (req: CacheableRequest) => String(req.headers['x-user'])
        app.use('/page', cacheResponse('5m', { cache: site.cache, scope }))
        app.get('/page', counting())
        app.post('/page', (_req, res) => res.sendStatus(204))
        const both = async () => [
          await text('/page', { 'x-user': 'ann' }),
          await text('/page', { 'x-user': 'bob' }),
        ]
        expect([await both(), await both()]).to.deep.equal([
          ['run 1', 'run 2'],
          ['run 1', 'run 2'],
        ])
        await site.ask({ method: 'POST', headers: { 'x-user': 'ann' } })
        expect(await both()).to.deep.equal(['run 3', 'run 4'])
      })

      it('drops also what middleware further in has stored by a scope, or by part of the query', async () => {
        app.use(cacheResponse({ cache: site.cache }))
        const options: ResponseOptions[] = [{ scope: () => 'ann' }, { query: [] }]
        for (const [index, option] of options.entries()) {
          const path = `/page/${String(index)}`
          app.get(path, cacheResponse('5m', { cache: site.cache, ...option }), counting())
          app.post(path, (_req, res) => res.sendStatus(204))
          expect([await text(path), await text(path)]).to.deep.equal(['run 1', 'run 1'])
          await site.server.ask(path, { method: 'POST' })
          expect(await text(path)).to.equal('run 2')
        }
      })

      const spellings: [what: string, options: ResponseOptions, got: string, changed: string][] = [
        ['a list of parameters', { query: ['a'] }, '/page?a=1&b=2', '/page?a=1&b=3'],
        ['the query in order', { query: 'sorted' }, '/page?a=1&b=2', '/page?b=2&a=1'],
        ['a list and a scope', { query: ['a'], scope: () => 'ann' }, '/page?a=1&b=2', '/page?a=1'],
        ['an order and a scope', { query: 'sorted', scope: () => 'ann' }, '/page?b=2&a=1', '/page?a=1&b=2'],
      ]
      for (const [what, options, got, changed] of spellings) {
        it(`drops what is stored for the URL under the same key, by ${what}, whichever was asked for`, async () => {
          site.serve(counting(), '5m', options)
          expect([await text(got), await text(changed)]).to.deep.equal(['run 1', 'run 1'])
          await site.server.ask(changed, { method: 'POST' })
          expect([await text(changed), await text(got)]).to.deep.equal(['run 3', 'run 3'])
        })
      }

      it('drops another query\u2019s response no more than another path\u2019s', async () => {
        pages(['/page', '/other'], (_req, res) => res.end())
        await text('/page?a=1')
        await text('/other')
        await site.ask({ method: 'POST' })
        expect([await text('/page?a=1'), await text('/other')]).to.deep.equal(['run 1', 'run 1'])
      })

      it('wins over a response that is being made meanwhile', async () => {
        let go: (() => void) | undefined
        let value = 'old'
        app.use('/page', cacheResponse('5m', { cache: site.cache }))
        app.get('/page', (_req, res) => {
          const read = value
          if (read === 'old') go = () => res.end(read)
          else res.end(read)
        })
        app.post('/page', (_req, res) => res.end())
        const first = site.get()
        await eventually(() => go !== undefined)
        value = 'new'
        await site.server.exchange('/page', { method: 'POST' })
        const late = site.server.exchange('/page')
        expect((await late).text).to.equal('new')
        go?.()
        expect((await first).text).to.equal('old')
        expect(await site.texts({}, {})).to.deep.equal(['new', 'new'])
      })
    })

    describe('by Location and Content-Location (RFC 9111 §4.4)', () => {
      const named: [field: string, url: string][] = [
        ['Location', '/other'],
        ['Content-Location', '/other'],
        ['Location', 'HERE/other'],
        ['Location', 'other'],
        ['Content-Location', './other#part'],
        ['Location', '/other#part'],
        ['Location', '/page/../other'],
        ['Content-Location', '/%2e/other'],
      ]
      for (const [field, url] of named) {
        it(`drops what is named by ${field}: ${url}`, async () => {
          pages(['/page', '/other'], (_req, res) =>
            res.set(field, url.replace('HERE', site.server.url)).status(201).end(),
          )
          await text('/other')
          await site.ask({ method: 'POST' })
          expect(await text('/other')).to.equal('run 2')
        })
      }

      for (const url of [
        'http://elsewhere.example/other',
        '//elsewhere.example/other',
        'https://127.0.0.1/other',
      ]) {
        it(`drops nothing of another origin: ${url}`, async () => {
          pages(['/page', '/other'], (_req, res) => res.set('Location', url).status(201).end())
          await text('/other')
          await site.ask({ method: 'POST' })
          expect(await text('/other')).to.equal('run 1')
        })
      }

      it('drops what is named from a URL that was rewritten, as its client takes it', async () => {
        app.use((req, _res, next) => {
          req.url = req.url.replace('/v1/', '/v2/')
          next()
        })
        app.use(cacheResponse('5m', { cache: site.cache }))
        app.get('/v2/a/other', counting())
        app.post('/v2/a/make', (_req, res) => res.set('Location', 'other').status(201).end())
        expect([await text('/v1/a/other'), await text('/v1/a/other')]).to.deep.equal(['run 1', 'run 1'])
        await site.server.ask('/v1/a/make', { method: 'POST' })
        expect(await text('/v1/a/other')).to.equal('run 2')
      })

      it('drops nothing where the method is safe', async () => {
        app.get('/page', cacheResponse('5m', { cache: site.cache }), (_req, res) => {
          res.set('Location', '/other').end()
        })
        pages(['/other'], (_req, res) => res.end())
        await text('/other')
        await site.get()
        expect(await text('/other')).to.equal('run 1')
      })
    })

    describe('by invalidateResponses', () => {
      const change = (options: InvalidateResponsesOptions, status = 204) => {
        app.post('/change/:id', invalidateResponses({ cache: site.cache, ...options }), (_req, res) => {
          res.status(status).end()
        })
      }
      const post = () => site.server.ask('/change/1', { method: 'POST' })

      it('drops by tags, fixed or by the request, responses and values alike', async () => {
        app.get('/a', cacheResponse('5m', { cache: site.cache, tags: ['class:1'] }), counting())
        app.get('/b', cacheResponse('5m', { cache: site.cache, tags: ['class:2'] }), counting())
        await site.cache.set('class', 'value', '5m', { tags: ['class:1'] })
        change({ tags: (req) => [`class:${(req as Request).params['id'] as string}`] })
        await text('/a')
        await text('/b')
        await post()
        expect([await text('/a'), await text('/b')]).to.deep.equal(['run 2', 'run 1'])
        expect(await site.cache.get('class')).to.be.undefined
      })

      it('drops by URLs, with every scope, as they were asked for', async () => {
        const scope = (req: CacheableRequest) => req.headers['x-user'] as string
        app.get('/a', cacheResponse('5m', { cache: site.cache }), counting())
        app.get('/b', cacheResponse('5m', { cache: site.cache, scope }), counting())
        app.get('/c', cacheResponse('5m', { cache: site.cache, query: ['q'] }), counting())
        change({ urls: ['/a?x=1', '/b', '/c?utm=1'] })
        const all = async () => [
          await text('/a'),
          await text('/a?x=1'),
          await text('/b', { 'x-user': 'ann' }),
          await text('/c?utm=1'),
        ]
        expect([await all(), await all()]).to.deep.equal([
          ['run 1', 'run 2', 'run 1', 'run 1'],
          ['run 1', 'run 2', 'run 1', 'run 1'],
        ])
        await post()
        expect(await all()).to.deep.equal(['run 1', 'run 3', 'run 2', 'run 2'])
      })

      it('drops by the URL as it was asked for what is routed by another', async () => {
        app.use((req, _res, next) => {
          req.url = req.url.replace(/^\/v1/, '')
          next()
        })
        app.get('/a', cacheResponse('5m', { cache: site.cache }), counting())
        change({ urls: ['/v1/a'] })
        expect([await text('/v1/a'), await text('/v1/a')]).to.deep.equal(['run 1', 'run 1'])
        await post()
        expect(await text('/v1/a')).to.equal('run 2')
      })

      it('drops by that part of a query which belongs to the key, where it was rewritten too', async () => {
        const scope = (req: CacheableRequest) => req.headers['x-user'] as string
        app.use((req, _res, next) => {
          req.url = req.url.replace('/v1/', '/')
          next()
        })
        app.get('/a', cacheResponse('5m', { cache: site.cache, query: ['q'] }), counting())
        app.get('/b', cacheResponse('5m', { cache: site.cache, query: ['q'], scope }), counting())
        change({ urls: ['/v1/a?q=1', '/v1/b?q=1'] })
        const both = async () => [
          await text('/v1/a?utm=1&q=1'),
          await text('/v1/b?q=1&utm=1', { 'x-user': 'ann' }),
        ]
        expect([await both(), await both()]).to.deep.equal([
          ['run 1', 'run 1'],
          ['run 1', 'run 1'],
        ])
        await post()
        expect(await both()).to.deep.equal(['run 2', 'run 2'])
      })

      it('drops by a URL however its query is ordered, where that is no matter', async () => {
        app.get('/a', cacheResponse('5m', { cache: site.cache, query: 'sorted' }), counting())
        app.get('/b', cacheResponse('5m', { cache: site.cache, query: ['x', 'y'] }), counting())
        change({ urls: ['/a?y=1&x=2', '/b?y=1&x=2'] })
        const both = async (query: string) => [await text(`/a?${query}`), await text(`/b?${query}`)]
        expect([await both('x=2&y=1'), await both('y=1&x=2')]).to.deep.equal([
          ['run 1', 'run 1'],
          ['run 1', 'run 1'],
        ])
        await post()
        expect(await both('y=1&x=2')).to.deep.equal(['run 2', 'run 2'])
      })

      it('drops what is stored for a host that is spelt otherwise (RFC 9110 §4.2.3)', async () => {
        app.get('/a', cacheResponse('5m', { cache: site.cache }), counting())
        change({ urls: ['/a'] })
        const spelt = { host: 'SITE.example:80' }
        expect([await text('/a', spelt), await text('/a', spelt)]).to.deep.equal(['run 1', 'run 1'])
        await site.server.ask('/change/1', { method: 'POST', headers: { host: 'site.example' } })
        expect(await text('/a', spelt)).to.equal('run 2')
      })

      describe('behind a proxy that is trusted', () => {
        const spelt = (host: string, forwarded: string) => ({ host, 'x-forwarded-host': forwarded })
        const pairs: [what: string, one: object, other: object][] = [
          ['asks by another host', spelt('pod1:3000', 'site.example'), spelt('pod2:3000', 'site.example')],
          ['stands behind another', spelt('a', 'site.example, cdn.local'), spelt('b', 'site.example')],
          ['names the same host', spelt('site.example', 'site.example'), { host: 'site.example' }],
        ]
        for (const [what, one, other] of pairs) {
          for (const [first, second] of [
            [one, other],
            [other, one],
          ]) {
            it(`drops by POST and Location what is stored for the same host, where one ${what}: ${JSON.stringify(first)}`, async () => {
              app.set('trust proxy', true)
              app.use(cacheResponse('5m', { cache: site.cache }))
              app.get('/a', counting())
              app.get('/b', counting())
              app.post('/a', (_req, res) => res.set('Location', 'http://site.example/b').status(201).end())
              const both = async () => [await text('/a', first), await text('/b', first)]
              expect([await both(), await both()]).to.deep.equal([
                ['run 1', 'run 1'],
                ['run 1', 'run 1'],
              ])
              await site.server.ask('/a', { method: 'POST', headers: { ...second } })
              expect(await both()).to.deep.equal(['run 2', 'run 2'])
            })
          }
        }
      })

      it('drops for the host that was asked for, whatever an application behind it takes it for', async () => {
        const inner = express()
        inner.set('trust proxy', true)
        inner.get('/b', counting())
        inner.get('/c', counting())
        inner.post('/a', (_req, res) => res.set('Location', 'b').status(201).end())
        const cache = { cache: site.cache }
        app.post('/in/a', invalidateResponses({ ...cache, urls: ['/in/c'] }))
        app.use('/in', cacheResponse('5m', cache), inner)
        const both = async () => [await text('/in/b'), await text('/in/c')]
        // The first time nothing is stored.
        await text('/in/b')
        expect([await both(), await both()]).to.deep.equal([
          ['run 2', 'run 1'],
          ['run 2', 'run 1'],
        ])
        const headers = { 'x-forwarded-host': 'elsewhere.example' }
        await site.server.ask('/in/a', { method: 'POST', headers })
        expect(await both()).to.deep.equal(['run 3', 'run 2'])
      })

      for (const asked of ['http://SITE.example/a?x=1', 'http://site.example:80/a?x=1']) {
        it(`drops by all of a URL what is stored for its path: ${asked} (RFC 9112 §3.2.2)`, async () => {
          const host = { host: 'site.example' }
          app.use('/a', cacheResponse('5m', { cache: site.cache }))
          app.get('/a', counting())
          app.post('/a', (_req, res) => res.end())
          expect([await text('/a?x=1', host), await text('/a?x=1', host)]).to.deep.equal(['run 1', 'run 1'])
          await site.server.ask(asked, { method: 'POST', headers: host })
          expect(await text('/a?x=1', host)).to.equal('run 2')
          expect([await text(asked, host), await text(asked, host)]).to.deep.equal(['run 3', 'run 3'])
          await site.server.ask('/a?x=1', { method: 'POST', headers: host })
          expect(await text(asked, host)).to.equal('run 4')
        })
      }

      it('drops nothing where the route fails', async () => {
        app.get('/a', cacheResponse('5m', { cache: site.cache, tags: ['t'] }), counting())
        change({ tags: ['t'] }, 422)
        await text('/a')
        await post()
        expect(await text('/a')).to.equal('run 1')
      })

      it('knows the tags that a route has named while it ran', async () => {
        app.get('/a', cacheResponse('5m', { cache: site.cache }), (_req, res, next) => {
          res.locals['cacheTags'] = ['late', 'later']
          next()
        })
        app.get('/a', counting())
        app.get('/b', cacheResponse('5m', { cache: site.cache }), counting({ 'Cache-Tag': 'x, late' }))
        change({ tags: ['late'] })
        const both = async () => [await text('/a'), await text('/b')]
        expect([await both(), await both()]).to.deep.equal([
          ['run 1', 'run 1'],
          ['run 1', 'run 1'],
        ])
        await post()
        expect(await both()).to.deep.equal(['run 2', 'run 2'])
      })

      it('is done when the client has the answer, in another process as well', async () => {
        const redis = await RedisServer.start()
        const [one, other] = [
          await CachedSite.start(express, { redis: redis.url }),
          await CachedSite.start(express, { redis: redis.url }),
        ]
        try {
          await eventually(() => one.cache.isConnected && other.cache.isConnected)
          const host = { host: 'site.example' }
          let value = 'old'
          for (const { app: its, cache } of [one, other]) {
            its.use('/page', cacheResponse('5m', { cache }))
            its.get('/page', (_req, res) => res.end(value))
            its.post('/page', (_req, res) => {
              value = 'new'
              res.end()
            })
          }
          await one.get(host)
          await eventually(async () => statusOf(await other.get(host)).startsWith('hit'))
          await one.ask({ method: 'POST', headers: host })
          await eventually(async () => (await other.get(host)).text === 'new')
          expect((await one.get(host)).text).to.equal('new')
        } finally {
          await one.close()
          await other.close()
          await redis.stop()
        }
      })
    })
  })
}

describe('invalidateResponses', () => {
  const refused: [title: string, options: unknown, says: RegExp][] = [
    ['nothing', undefined, /expected tags or urls, got undefined/],
    ['neither tags nor URLs', {}, /expected tags or urls/],
    ['an unknown option', { tag: ['a'] }, /did you mean 'tags'/],
    ['tags that are text', { tags: 'a' }, /array of strings/],
    ['URLs that are text', { urls: '/a' }, /expected an array of URLs.*got '\/a'/],
    ['a cache that is none', { tags: ['a'], cache: {} }, /createCache\(\)/],
  ]
  for (const [title, options, says] of refused) {
    it(`refuses ${title} at construction`, () => {
      expect(() => Reflect.apply(invalidateResponses, undefined, [options]) as unknown).to.throw(
        InvalidOptionError,
        says,
      )
    })
  }
})
