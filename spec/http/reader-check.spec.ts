import { AsyncLocalStorage } from 'node:async_hooks'
import { expect } from 'chai'
import type { Express, Request, RequestHandler, Response } from 'express'
import { cacheResponse } from 'holdfast'
import type { CacheableRequest, ResponseOptions } from 'holdfast'
import { CachedSite, statusOf } from '../support/cached-site'
import { expressVersions } from '../support/express-versions'
import type { Route } from '../support/ways-of-sending'

type Known = Omit<Request, 'session'> & Record<string, unknown>

for (const [version, express] of expressVersions) {
  describe(`The reader check under ${version}`, () => {
    let site: CachedSite
    let app: Express

    beforeEach(async () => {
      site = await CachedSite.start(express)
      ;({ app } = site)
    })

    afterEach(() => site.close())

    /** Earlier middleware that finds out who asks from a header that says nothing to the cache. */
    const found = (put: (req: Known, res: Response, who: string | undefined) => void): RequestHandler => {
      return (req, res, next) => {
        put(req as unknown as Known, res, req.headers['x-test-identity'] as string | undefined)
        next()
      }
    }
    const ann = { 'x-test-identity': 'ann' }
    const bob = { 'x-test-identity': 'bob' }
    const shared = { 'Cache-Control': 'public, max-age=60' }

    const leaks: [
      what: string,
      detail: string,
      earlier: RequestHandler,
      read: (req: Known, res: Response) => unknown,
    ][] = [
      ['req.user', 'read-req.user', found((req, _res, who) => (req.user = who)), (req) => req.user],
      ['req.auth', 'read-req.auth', found((req, _res, who) => (req['auth'] = who)), (req) => req['auth']],
      [
        'req.session',
        'read-req.session',
        found((req, _res, who) => (req['session'] = { who })),
        (req) => (req['session'] as { who: string }).who,
      ],
      [
        'req.cookies',
        'read-req.cookies',
        found((req, _res, who) => (req.cookies = { who })),
        (req) => (req.cookies as { who: string }).who,
      ],
      [
        'a property that is named so',
        'read-req.currentUser',
        found((req, _res, who) => (req['currentUser'] = who)),
        (req) => req['currentUser'],
      ],
      [
        'res.locals',
        'read-locals.user',
        found((_req, res, who) => (res.locals['user'] = who)),
        (_req, res) => String(res.locals['user']),
      ],
      [
        'a nonce in res.locals',
        'read-locals.cspNonce',
        found((_req, res, who) => (res.locals['cspNonce'] = who)),
        (_req, res) => String(res.locals['cspNonce']),
      ],
    ]
    for (const [what, detail, earlier, read] of leaks) {
      it(`refuses a response whose route has read ${what}, whatever it declares`, async () => {
        app.use(earlier)
        site.serve(
          (req, res) => res.set(shared).send(`hello ${String(read(req as unknown as Known, res))}`),
          '5m',
        )
        const first = await site.get(ann)
        expect(first.text).to.equal('hello ann')
        expect(statusOf(first)).to.equal(`fwd=uri-miss; detail=${detail}`)
        expect(await site.texts(bob, ann)).to.deep.equal(['hello bob', 'hello ann'])
      })

      it(`stores a response whose route has not read ${what}`, async () => {
        app.use(earlier)
        const spy = site.serve((_req, res) => res.set(shared).send('hello'), '5m')
        await site.texts(ann, bob)
        expect(spy.callCount).to.equal(1)
      })
    }

    const headers: [how: string, name: string, read: (req: Request) => unknown][] = [
      ['req.headers', 'cookie', (req) => req.headers.cookie],
      ['req.get', 'authorization', (req) => req.get('Authorization')],
      ['req.header', 'x-api-key', (req) => req.header('X-Api-Key')],
      ['a copy of them all', 'cookie', (req) => ({ ...req.headers }).cookie],
      ['in', 'cookie', (req) => 'cookie' in req.headers],
      ['their names and values', 'cookie', (req) => Object.entries(req.headers)],
      ['JSON', 'cookie', (req) => JSON.stringify(req.headers)],
    ]
    for (const [how, name, read] of headers) {
      it(`sees that ${name} was read by ${how}`, async () => {
        site.serve((req, res) => res.set(shared).send(`hello ${String(read(req))}`))
        const answer = await site.get({ [name]: 'ann' })
        expect(statusOf(answer)).to.equal(`fwd=uri-miss; detail=read-${name}`)
      })
    }

    it('refuses also what was made for somebody who is not known, where it was asked who that is', async () => {
      site.serve((req, res) => {
        res.set('Cache-Control', 'max-age=60')
        res.send(req.headers.cookie === undefined ? 'log in' : 'hello')
      })
      expect(await site.texts({}, { cookie: 'id=1' }, {})).to.deep.equal(['log in', 'hello', 'log in'])
    })

    it('refuses a body that is personal though its head was not', async () => {
      app.use(found((req, _res, who) => (req.user = who)))
      site.serve((req, res) => {
        res.set(shared).write('hello ')
        res.end((req as unknown as { user: string }).user)
      })
      expect(await site.texts(ann, bob)).to.deep.equal(['hello ann', 'hello bob'])
    })

    it('takes all that earlier middleware has put there for personal, where a cookie says who asks', async () => {
      app.use(found((req, _res, who) => (req['preferences'] = who)))
      site.serve((req, res) =>
        res.set('Cache-Control', 'max-age=60').send(String((req as unknown as Known)['preferences'])),
      )
      expect(await site.texts({ ...ann, cookie: 'a=1' }, { ...bob, cookie: 'b=1' })).to.deep.equal([
        'ann',
        'bob',
      ])
    })

    const covering: [how: string, options: ResponseOptions, vary?: string][] = [
      ['a scope', { scope: (req: CacheableRequest) => String(req.headers.cookie) }],
      ['the vary option', { vary: ['cookie'] }],
      ['Vary', {}, 'Cookie'],
      ['the team\u2019s word', { ignore: ['cookie'] }],
    ]
    for (const [how, options, vary] of covering) {
      it(`lets a read pass that is covered by ${how}`, async () => {
        const spy = site.serve(
          (req, res) => {
            if (vary !== undefined) res.vary(vary)
            res.set(shared).send(`hello ${String(req.headers.cookie?.length)}`)
          },
          undefined,
          options,
        )
        await site.texts({ cookie: 'id=1' }, { cookie: 'id=1' })
        expect(spy.callCount).to.equal(1)
      })
    }

    it('does not count what wrappers further out read while the response is sent', async () => {
      app.use((req, res, next) => {
        const { end } = res
        res.end = function (this: Response, ...args: unknown[]) {
          ;[req.headers.cookie, (req as unknown as Known).user]
          return Reflect.apply(end, this, args) as Response
        } as typeof res.end
        next()
      })
      const spy = site.serve((_req, res) => res.set(shared).send('hello'))
      await site.texts({}, {})
      expect(spy.callCount).to.equal(1)
    })

    it('leaves everything as it was: properties, getters, headers', async () => {
      let seen: unknown[] = []
      app.use((req, res, next) => {
        const { headers: own } = req
        const known = req as unknown as Known
        known.user = { name: 'ann' }
        Object.defineProperty(req, 'session', { configurable: true, get: () => 'by a getter' })
        res.once('finish', () => {
          seen = [
            req.headers === own,
            Object.getOwnPropertyDescriptor(req, 'user')?.value,
            known['session'],
            'cookies' in req,
          ]
        })
        next()
      })
      site.serve((req, res) => {
        ;(req as unknown as Known).user = { name: 'bob' }
        res.end()
      }, '5m')
      await site.get()
      expect(seen).to.deep.equal([true, { name: 'bob' }, 'by a getter', false])
    })

    it('points out, once, another field that was read and that Vary does not name', async () => {
      app.get('/page', cacheResponse('5m', { cache: site.cache }), (req, res) => {
        res.send(`in ${String(req.headers['accept-language'])}`)
      })
      const answer = await site.get({ 'accept-language': 'el' })
      expect(statusOf(answer)).to.equal('fwd=uri-miss; stored; detail=read-accept-language')
      site.seconds(400)
      await site.get({ 'accept-language': 'de' })
      expect(site.logger.lines).to.deep.equal([
        {
          level: 'warn',
          message: 'A cached route reads a request field that its key does not cover',
          details: { field: 'accept-language', route: '/page' },
        },
      ])
    })

    it('points nothing out in production', async () => {
      const before = process.env['NODE_ENV']
      process.env['NODE_ENV'] = 'production'
      try {
        site.serve((req, res) => res.send(String(req.headers['accept-language'])), '5m')
        expect(statusOf(await site.get())).to.equal('fwd=uri-miss; stored')
        expect(site.logger.lines).to.be.empty
      } finally {
        if (before === undefined) delete process.env['NODE_ENV']
        else process.env['NODE_ENV'] = before
      }
    })

    const harmless: [what: string, route: Route][] = [
      ['res.json', (_req, res) => res.json({})],
      ['res.send', (_req, res) => res.send('x')],
      [
        'req.protocol, req.hostname, req.ip, req.query',
        (req, res) => res.send([req.protocol, req.hostname, req.query['a']]),
      ],
      ['req.fresh', (req, res) => res.send(String(req.fresh))],
    ]
    for (const [what, route] of harmless) {
      it(`has nothing to say of ${what}`, async () => {
        site.serve(route, '5m')
        expect(await site.status()).to.equal('fwd=uri-miss; stored')
        expect(await site.status()).to.match(/^hit/)
      })
    }

    it('does not see what an AsyncLocalStorage holds, as the docs say', async () => {
      const storage = new AsyncLocalStorage<string>()
      app.use((req, _res, next) => {
        storage.run(String(req.headers['x-test-identity']), next)
      })
      site.serve((_req, res) => res.set(shared).send(`hello ${String(storage.getStore())}`))
      expect(await site.texts(ann, bob)).to.deep.equal(['hello ann', 'hello ann'])
    })

    it('points out, once, a route without a ttl that never declares freshness', async () => {
      app.get('/page', cacheResponse({ cache: site.cache }), (_req, res) => res.send('x'))
      for (let round = 0; round < 12; round += 1) await site.get()
      expect(site.logger.lines).to.have.length(1)
      expect(site.logger.lines[0]?.message).to.match(/^cacheResponse\(\) without a ttl/)
    })
  })
}
