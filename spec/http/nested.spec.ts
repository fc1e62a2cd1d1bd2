import { AsyncLocalStorage } from 'node:async_hooks'
import { createServer } from 'node:http'
import { expect } from 'chai'
import type { ErrorRequestHandler, Express, RequestHandler } from 'express'
import { cacheResponse, createCache } from 'holdfast'
import type { Cache, ResponseOptions } from 'holdfast'
import { CachedSite, statusOf } from '../support/cached-site'
import { eventually } from '../support/eventually'
import { expressVersions } from '../support/express-versions'
import { RedisServer } from '../support/redis-server'
import { WebServer } from '../support/web-server'

/** Nobody waits for as long as that but for a right that he has himself. */
const PATIENCE = { collapse: 20_000 }
const FAR_LESS_MS = 5000

for (const [version, express] of expressVersions) {
  describe(`cacheResponse within others, under ${version}`, () => {
    const known = new AsyncLocalStorage<string>()
    const scope = (): string | undefined => known.getStore()
    let site: CachedSite
    let app: Express
    let other: Cache

    beforeEach(async () => {
      site = await CachedSite.start(express)
      ;({ app } = site)
      other = createCache({ redis: false, logger: false, clock: site.clock })
      app.use((req, _res, next) => {
        known.run(String(req.headers['x-test-name'] ?? ''), next)
      })
    })

    afterEach(async () => {
      await site.close()
      await other.close()
    })

    const [ann, bob, nobody] = [{ 'x-test-name': 'Ann' }, { 'x-test-name': 'Bob' }, {}]
    const fields = { 'Cache-Control': 'max-age=60' }
    const everybody = ['for Ann', 'for Bob', 'for ', 'for Ann']
    const timed = async (call: () => Promise<unknown>): Promise<number> => {
      const begun = performance.now()
      await call()
      return performance.now() - begun
    }

    it('stores for nobody else what the innermost of three keeps by scope', async () => {
      app.use(cacheResponse({ cache: site.cache }))
      app.use(cacheResponse({ cache: other }))
      site.serve((_req, res) => res.set(fields).send(`for ${String(scope())}`), '5m', { scope })
      expect(await site.texts(ann, bob, nobody, ann)).to.deep.equal(everybody)
    })

    it('stores nothing for everybody where the innermost knows nobody, if that is the first to ask', async () => {
      app.use(cacheResponse({ cache: site.cache }))
      site.serve((_req, res) => res.set(fields).send(`for ${String(scope())}`), '5m', { scope })
      expect(await site.texts(nobody, ann, bob)).to.deep.equal(['for ', 'for Ann', 'for Bob'])
    })

    it('does not wait for what the same request has to make further out, through another cache', async () => {
      app.use(cacheResponse('5m', { cache: site.cache, ...PATIENCE }))
      app.use(cacheResponse('5m', { cache: other, ...PATIENCE }))
      const spy = site.serve((_req, res) => res.send('once'), '5m', PATIENCE)
      expect(await timed(() => site.texts(nobody, nobody))).to.be.lessThan(FAR_LESS_MS)
      expect(spy.callCount).to.equal(1)
    })

    it('does not wait for the lease of another cache over the same Redis, which the same request has', async () => {
      const redis = await RedisServer.start()
      const caches = [1, 2].map(() => createCache({ redis: redis.url, logger: false }))
      try {
        await eventually(() => caches.every(({ isConnected }) => isConnected))
        const [outer, inner] = caches as [Cache, Cache]
        app.use(cacheResponse('5m', { cache: outer, ...PATIENCE }))
        app.get('/page', cacheResponse('5m', { cache: inner, ...PATIENCE }), (_req, res) => {
          res.vary('X-Test-Name').send('once')
        })
        expect(await timed(() => site.texts(nobody, ann, bob))).to.be.lessThan(FAR_LESS_MS)
        await eventually(async () => /^hit; ttl=\d+/.test(await site.status()))
      } finally {
        await Promise.all(caches.map((cache) => cache.close()))
        await redis.close()
      }
    })

    const guard: RequestHandler = (req, res, next) => {
      if (req.headers.cookie === undefined) res.status(401).send('log in')
      else next()
    }
    const member = { cookie: 'sid=ann' }

    it('keeps what is behind a guard from those who ask in front of it', async () => {
      app.use(cacheResponse('5m', { cache: site.cache }))
      app.use(guard)
      site.serve((_req, res) => res.set(fields).send('members only'), '5m')
      expect(await site.texts(member, {}, member)).to.deep.equal(['members only', 'log in', 'members only'])
      expect(await site.status(member)).to.match(/^hit/)
    })

    it('stores what is behind others with what those between set anew for each', async () => {
      app.use(cacheResponse('5m', { cache: site.cache }))
      app.use((req, res, next) => {
        res.set('X-Reached', String(req.headers['x-test-name'])).vary('X-Test-Name')
        next()
      })
      site.serve((_req, res) => res.send('x'), '5m')
      for (const who of [ann, bob]) {
        const { headers } = await site.get(who)
        expect(headers).to.include({ 'x-reached': who['x-test-name'], vary: 'X-Test-Name' })
      }
    })

    const named = (): string => String(scope())
    const sayings: Record<string, ResponseOptions> = {
      'its scope': { scope: named },
      'its key': { key: () => `page of ${named()}` },
      'what it says to vary by': { vary: ['x-test-name'] },
    }
    for (const [saying, options] of Object.entries(sayings)) {
      for (const between of [0, 1]) {
        it(`keeps nothing for more people than one around it does by ${saying}, ${String(between)} between`, async () => {
          app.use(cacheResponse('5m', { cache: site.cache }))
          app.use(cacheResponse('5m', { cache: site.cache, ...options }))
          if (between === 1) app.use(cacheResponse('5m', { cache: other }))
          site.serve((_req, res) => res.set(fields).send(`for ${named()}`), '1m', { tags: ['page'] })
          expect(await site.texts(ann, bob, nobody, ann)).to.deep.equal(everybody)
          expect(await site.status(ann)).to.match(/^hit/)
        })
      }
    }

    it('keeps apart what one around it says to vary by, though what stands between takes that away', async () => {
      app.use(cacheResponse('5m', { cache: site.cache, vary: ['x-test-name'] }))
      app.use((req, _res, next) => {
        delete req.headers['x-test-name']
        next()
      })
      site.serve((_req, res) => res.send(`for ${named()}`), '5m')
      expect(await site.texts(ann, bob, ann)).to.deep.equal(['for Ann', 'for Bob', 'for Ann'])
    })

    it('leaves it to one around it to say what it says of a response that it does not look up', async () => {
      const around = { tags: ['city'], cacheTagHeader: true, etag: 'strong' } as const
      app.use(cacheResponse('5m', { cache: site.cache, ...around }))
      site.serve((_req, res) => res.end('x'), '5m', { scope: () => undefined })
      const { headers } = await site.get()
      expect(headers).to.include({ 'cache-tag': 'city' })
      expect(headers).to.have.property('etag')
    })

    it('has nothing stored around it of what it does not know for whom it is, for an error', async () => {
      app.use(cacheResponse('5m', { cache: site.cache }))
      site.serve((_req, res) => res.send('x'), '5m', {
        key: (req) => String(req.headers['x-test-name'] ?? ''),
      })
      const signIn: ErrorRequestHandler = (error, _req, res, next) => {
        if (res.headersSent) next(error)
        else res.status(200).send('sign in')
      }
      app.use(signIn)
      expect(await site.texts(nobody, ann)).to.deep.equal(['sign in', 'x'])
    })

    it('stores what is private for the one whom only one around it knows', async () => {
      app.use(cacheResponse('5m', { cache: site.cache, scope: named }))
      site.serve((_req, res) => res.set('Cache-Control', 'private').send(`for ${named()}`), '5m')
      expect(await site.texts(ann, bob, ann)).to.deep.equal(['for Ann', 'for Bob', 'for Ann'])
      expect(await site.status(ann)).to.match(/^hit/)
    })

    it('asks nobody for tags who does not look the request up', async () => {
      const tags = (): string[] => {
        throw new Error('Nobody is known')
      }
      app.use(cacheResponse('5m', { cache: site.cache, scope: () => undefined, tags }))
      site.serve((_req, res) => res.send('x'), '5m')
      expect(await site.status()).to.match(/detail=no-scope.*fwd=uri-miss; stored$/)
    })

    it('tells a CDN of the tags of all, if one of them is to', async () => {
      app.use(cacheResponse('5m', { cache: site.cache, tags: ['city'], cacheTagHeader: true }))
      site.serve(
        (_req, res) => {
          res.locals['cacheTags'] = ['room']
          res.send('x')
        },
        '5m',
        { tags: ['school'] },
      )
      for (let round = 0; round < 2; round += 1) {
        expect((await site.get()).headers['cache-tag']).to.equal('school,city,room')
      }
    })

    it('stores what is private where one that knows nobody stands between it and the scope', async () => {
      app.use(cacheResponse('5m', { cache: site.cache, scope: named }))
      app.use(cacheResponse('5m', { cache: site.cache, scope: () => undefined }))
      site.serve((_req, res) => res.set('Cache-Control', 'private').send(`for ${named()}`), '5m')
      expect(await site.texts(ann, bob)).to.deep.equal(['for Ann', 'for Bob'])
      expect(await site.status(ann)).to.match(/^hit/)
    })

    it('has no ETag of one around it, which would not answer for it', async () => {
      app.use(cacheResponse('5m', { cache: site.cache, etag: 'strong' }))
      site.serve((_req, res) => res.end('x'), '5m', { etag: false })
      expect((await site.get()).headers).to.not.have.property('etag')
    })

    it('has the tags of all around it, and says nothing else of those than that it decides', async () => {
      app.use(cacheResponse({ cache: site.cache, tags: ['city'] }))
      app.use(cacheResponse({ cache: other }))
      const spy = site.serve((_req, res) => res.send('x'), '5m', { tags: ['school'] })
      const inner = 'holdfast; fwd=uri-miss; detail=inner'
      for (const tag of ['city', 'school']) {
        expect(await site.status()).to.equal(`fwd=uri-miss; stored, ${inner}, ${inner}`)
        await site.cache.invalidateTags(tag)
      }
      await site.get()
      expect(spy.callCount).to.equal(3)
    })

    it('leaves the request with the fields that it came with', async () => {
      const seen: unknown[] = []
      app.use((req, res, next) => {
        const { headers } = req
        res.once('close', () => seen.push(req.headers === headers))
        next()
      })
      app.use(cacheResponse('5m', { cache: site.cache }))
      site.serve((_req, res) => res.send('x'), '5m')
      await site.get({ 'if-none-match': '"1"' })
      await eventually(() => seen.length === 1)
      expect(seen).to.deep.equal([true])
    })

    it('is dropped by a change of its URL (RFC 9111 §4.4)', async () => {
      app.use(cacheResponse('5m', { cache: site.cache }))
      let version = 1
      site.serve((req, res) => {
        if (req.method === 'POST') version += 1
        res.send(`version ${String(version)}`)
      }, '5m')
      await site.get()
      await site.ask({ method: 'POST' })
      expect((await site.get()).text).to.equal('version 2')
    })

    it('is dropped by a change of its URL where its key has a part of the query (RFC 9111 §4.4)', async () => {
      app.use(cacheResponse('5m', { cache: site.cache, query: [] }))
      let version = 1
      const route: RequestHandler = (req, res) => {
        if (req.method === 'POST') version += 1
        res.send(`version ${String(version)}`)
      }
      app.use('/page', cacheResponse('5m', { cache: site.cache, query: [] }), route)
      await site.server.get('/page?a=1')
      await site.server.ask('/page?b=1', { method: 'POST' })
      expect((await site.server.get('/page?a=1')).text).to.equal('version 2')
    })

    it('is run again behind its clients though one around it has a ttl (RFC 5861 §3)', async () => {
      app.use(cacheResponse('1h', { cache: other }))
      const spy = site.serve((_req, res) => res.send('x'), '1s', { staleWhileRevalidate: '1h' })
      await site.get()
      site.seconds(2)
      expect(await site.status()).to.match(/^hit; ttl=-1/)
      await eventually(() => spy.callCount === 2)
    })

    it('says nothing of one around it without a ttl that leaves all to it', async () => {
      app.use(cacheResponse({ cache: site.cache }))
      app.use('/page', (_req, res, next) => {
        res.set('X-Between', 'yes')
        next()
      })
      site.serve((_req, res) => res.send('x'), '1s')
      for (let round = 0; round < 12; round += 1) {
        await site.get()
        site.seconds(2)
      }
      expect(site.logger.lines).to.deep.equal([])
    })

    it('is not shown what one around it has stored before, nor answered from that by its 304', async () => {
      let isWithin = false
      const inner = cacheResponse('5m', { cache: site.cache, scope })
      app.use(cacheResponse({ cache: site.cache }))
      app.use((req, res, next) => {
        if (isWithin) inner(req, res, next)
        else next()
      })
      app.get('/page', (_req, res) => {
        res.set({ 'Cache-Control': 'max-age=10', ETag: '"1"' }).send(`for ${String(scope())}`)
      })
      await site.get(ann)
      site.seconds(20)
      isWithin = true
      expect(await site.texts(bob, bob)).to.deep.equal(['for Bob', 'for Bob'])
    })

    it('gives the whole to whoever asks for it, though what is over is shown to a route behind another cache (RFC 9110 §15.4.5)', async () => {
      app.use(cacheResponse({ cache: site.cache }))
      app.use(cacheResponse('10s', { cache: other }))
      site.serve((_req, res) => res.send('whole'), '10s')
      for (let round = 0; round < 6; round += 1) {
        expect(await site.get()).to.include({ status: 200, text: 'whole' })
        expect(await site.get({ 'if-none-match': '"other"' })).to.include({ status: 200, text: 'whole' })
        site.seconds(11)
      }
    })

    it('keeps nobody waiting for one run that is of one of them alone', async () => {
      app.use(cacheResponse({ cache: site.cache, ...PATIENCE }))
      let goOn: () => void = () => undefined
      const isBobServed = new Promise<void>((resolve) => (goOn = resolve))
      site.serve(
        (_req, res) => {
          const name = scope()
          if (name === 'Bob') goOn()
          void isBobServed.then(() => res.set(fields).send(`for ${String(name)}`))
        },
        '5m',
        { scope },
      )
      const took = await timed(async () => {
        expect(await Promise.all([ann, bob].map(async (who) => (await site.get(who)).text))).to.deep.equal([
          'for Ann',
          'for Bob',
        ])
      })
      expect(took).to.be.lessThan(FAR_LESS_MS)
    })

    it('gives one around it in another cache the whole, which answers the conditions of the client (RFC 9110 §13.1)', async () => {
      app.use(cacheResponse('5m', { cache: site.cache }))
      const spy = site.serve((_req, res) => res.set('ETag', '"1"').send('whole'), '5m', { cache: other })
      expect(await site.get({ 'if-none-match': '"1"' })).to.include({ status: 304, text: '' })
      expect((await site.get()).text).to.equal('whole')
      expect(spy.callCount).to.equal(1)
    })

    it('reports what is behind it throwing at once to a HEAD, too', async () => {
      const caching = cacheResponse('5m', { cache: site.cache })
      const plain = await WebServer.start((req, res) => {
        caching(req, res, (error) => {
          if (error === undefined) throw new Error('broken')
          res.writeHead(500).end()
        })
      })
      expect((await plain.ask('/', { method: 'HEAD' })).status).to.equal(500)
      await plain.close()
    })

    it('gives the right to store back where what is behind it throws at once', async () => {
      const caching = cacheResponse('5m', { cache: site.cache, ...PATIENCE })
      let isBroken = true
      const server = createServer((req, res) => {
        const fail = (): void => {
          if (!res.headersSent) res.writeHead(500).end('failed')
        }
        caching(req, res, (error) => {
          if (error !== undefined) fail()
          else
            caching(req, res, (inner) => {
              if (inner !== undefined) fail()
              else if (isBroken) throw new Error('broken')
              else res.end('well')
            })
        })
      })
      const plain = await WebServer.start((req, res) => server.emit('request', req, res))
      expect((await plain.get('/')).status).to.equal(500)
      isBroken = false
      expect(await timed(() => plain.get('/'))).to.be.lessThan(FAR_LESS_MS)
      expect(statusOf(await plain.get('/'))).to.match(/^hit/)
      await plain.close()
    })
  })
}
