import { AsyncLocalStorage } from 'node:async_hooks'
import { createServer } from 'node:http'
import { expect } from 'chai'
import type { Express } from 'express'
import { cacheResponse, createCache } from 'holdfast'
import type { Cache } from 'holdfast'
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
        app.get('/page', cacheResponse('5m', { cache: inner, ...PATIENCE }), (_req, res) => res.send('once'))
        expect(await timed(() => site.texts(nobody))).to.be.lessThan(FAR_LESS_MS)
        await eventually(async () => /hit; ttl=\d+$/.test(await site.status()))
      } finally {
        await Promise.all(caches.map((cache) => cache.close()))
        await redis.close()
      }
    })

    it('lets one around it store by a scope of its own, which says more than its key', async () => {
      app.use(cacheResponse('5m', { cache: site.cache, scope: () => scope() ?? 'nobody' }))
      site.serve((_req, res) => res.send('x'), '5m')
      await site.get(ann)
      expect(await site.status(ann)).to.match(/hit; ttl=\d+$/)
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
      await other.clear()
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
