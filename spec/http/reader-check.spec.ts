import { AsyncLocalStorage } from 'node:async_hooks'
import { inspect } from 'node:util'
import { expect } from 'chai'
import type { Express, Request, RequestHandler, Response } from 'express'
import { cacheResponse } from 'holdfast'
import type { CacheableRequest, ResponseOptions } from 'holdfast'
import { CachedSite, statusOf } from '../support/cached-site'
import { expressVersions } from '../support/express-versions'
import type { Route } from '../support/ways-of-sending'
import { WebServer } from '../support/web-server'

const USER = Symbol('user')

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
        'req.sessionID',
        'read-req.sessionID',
        found((req, _res, who) => Object.assign(req, { sessionID: who })),
        (req) => req.sessionID,
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
        'what a token was decoded to',
        'read-req.decoded',
        found((req, _res, who) => (req['decoded'] = who)),
        (req) => req['decoded'],
      ],
      [
        'the claims of a token',
        'read-req.claims',
        found((req, _res, who) => (req['claims'] = who)),
        (req) => req['claims'],
      ],
      [
        'what was put into a body that the request does not have',
        'read-req.body',
        found((req, _res, who) => (req.body = { userId: who })),
        (req) => (req.body as { userId: string }).userId,
      ],
      [
        'what was put into the query',
        'read-req.query',
        found((req, _res, user) => {
          Object.defineProperty(req, 'query', { value: { ...req.query, user }, configurable: true })
        }),
        (req) => req.query['user'],
      ],
      [
        'res.locals',
        'read-locals.user',
        found((_req, res, who) => (res.locals['user'] = who)),
        (_req, res) => String(res.locals['user']),
      ],
      [
        'a property under a symbol that is named so',
        'read-req.user',
        found((req, _res, who) => Object.assign(req, { [USER]: who })),
        (req) => (req as unknown as Record<symbol, unknown>)[USER],
      ],
      [
        'a property that is named so and not listed',
        'read-req.viewerAccount',
        found((req, _res, who) =>
          Object.defineProperty(req, 'viewerAccount', { value: who, configurable: true }),
        ),
        (req) => req['viewerAccount'],
      ],
      [
        'a symbol in res.locals',
        'read-locals.user',
        found((_req, res, who) => Object.assign(res.locals, { [USER]: who })),
        (_req, res) => String((res.locals as Record<symbol, unknown>)[USER]),
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

    const query = (put: (said: string) => object) => (req: Known) => {
      const value = { ...req.query, ...put(String(req.headers.authorization)) }
      Object.defineProperty(req, 'query', { value, configurable: true })
    }
    const additions: [what: string, property: 'body' | 'query' | 'files', put: (req: Known) => unknown][] = [
      ['the body', 'body', (req) => (req.body = { owner: req.headers.authorization })],
      ['a parameter that is there', 'query', query((said) => ({ page: `of ${said}` }))],
      // The name says nothing, and the value is that of another parameter.
      ['the parameters', 'query', query((said) => ({ of: said.endsWith('1') ? '1' : said }))],
      ['the body, as text', 'body', (req) => (req.body = req.headers.authorization)],
      ['the body, as a list', 'body', (req) => (req.body = [req.headers.authorization])],
      ['the body, as a map', 'body', (req) => (req.body = new Map([['owner', req.headers.authorization]]))],
      ['the files', 'files', (req) => Object.assign(req, { files: { owner: req.headers.authorization } })],
    ]
    for (const [what, property, put] of additions) {
      it(`refuses a response to one who says who it is where the route has read what was added to ${what}`, async () => {
        app.use(found(put))
        site.serve((req, res) => res.set(shared).send(inspect((req as unknown as Known)[property])))
        const first = await site.server.get('/page?page=1', { authorization: '1' })
        expect(statusOf(first)).to.equal(`fwd=uri-miss; detail=read-req.${property}`)
        expect((await site.server.get('/page?page=1', { authorization: 'bob' })).text).to.match(/bob/)
      })
    }

    it('counts what was added to a query that is no plain object', async () => {
      app.set('query parser', (text: string | null) => new URLSearchParams(text ?? ''))
      app.use(
        found((req) => {
          const value = new URLSearchParams(req.url.split('?')[1])
          if (req.headers['x-test-identity'] !== undefined) value.set('owner', 'ann')
          Object.defineProperty(req, 'query', { value })
        }),
      )
      site.serve((req, res) => res.set(shared).send((req.query as object as URLSearchParams).toString()))
      const path = '/page?page=1'
      const known = await site.server.get(path, { ...ann, authorization: 'Bearer ann' })
      expect([known.text, statusOf(known)]).to.deep.equal([
        'page=1&owner=ann',
        'fwd=uri-miss; detail=read-req.query',
      ])
      expect(statusOf(await site.server.get(path))).to.equal('fwd=uri-miss; stored')
    })

    for (const [what, put] of [
      ['a parameter', query(() => ({ filter: { userId: 'ann' } }))],
      ['a body', (req: Known) => (req.body = [{ userId: 'ann' }])],
    ] as const) {
      it(`looks for what says who asks within ${what}, too`, async () => {
        app.use(found(put))
        site.serve((req, res) => res.set(shared).send(JSON.stringify([req.query, req.body])))
        expect(await site.status()).to.match(/^fwd=uri-miss; detail=read-req\.(query|body)$/)
      })
    }

    it('goes by the names of what was changed in a query, where the request says nothing of who asks', async () => {
      app.use(found(query(() => ({ page: 1, sort: ['name'] }))))
      site.serve((req, res) => res.set(shared).send(JSON.stringify(req.query)))
      expect(await site.status()).to.equal('fwd=uri-miss; stored')
    })

    it('counts what is inherited by res.locals', async () => {
      app.use(found((_req, res) => (res.locals = Object.create({ owner: 'ann' }) as Record<string, unknown>)))
      site.serve((_req, res) => res.set(shared).send(String(res.locals['owner'])))
      expect(await site.status({ authorization: 'ann' })).to.equal('fwd=uri-miss; detail=read-locals.owner')
    })

    describe('of what middleware in front has made of a field', () => {
      const put = (name: string, of: string): RequestHandler => found((req) => (req[name] = req.headers[of]))
      const read = (name: string): Route => {
        return (req, res) => res.send(`for ${String((req as unknown as Known)[name])}`)
      }
      const made: [field: string, one: string, other: string, options?: ResponseOptions][] = [
        ['x-jwt', 'ann', 'bob'],
        ['x-forwarded-user', 'ann', 'bob'],
        ['x-webauth-user', 'ann', 'bob'],
        ['x-tenant-id', 'a', 'b', { ignore: ['cookie'] }],
        ['x-forwarded-host', 'evil.example', 'other.example'],
        ['x-forwarded-prefix', '//evil.example', ''],
        ['x-forwarded-host', 'evil.example', 'other.example', { ignore: ['cookie'] }],
      ]
      for (const [field, one, other, options] of made) {
        it(`refuses what was made of ${field}${options === undefined ? '' : ', though cookies are ignored'}`, async () => {
          app.use(put('student', field))
          site.serve(read('student'), '5m', options)
          const first = await site.get({ [field]: one })
          expect([first.text, statusOf(first)]).to.deep.equal([
            `for ${one}`,
            'fwd=uri-miss; detail=read-req.student',
          ])
          expect((await site.get({ [field]: other })).text).to.equal(`for ${other}`)
          expect((await site.get()).text).to.equal('for undefined')
        })
      }

      it('stores what was made of a field that the key covers', async () => {
        app.use(put('tenant', 'x-tenant-id'))
        const spy = site.serve(read('tenant'), '5m', { vary: ['x-tenant-id'] })
        const [a, b] = [{ 'x-tenant-id': 'a' }, { 'x-tenant-id': 'b' }]
        expect(await site.texts(a, b, a, b)).to.deep.equal(['for a', 'for b', 'for a', 'for b'])
        expect(spy.callCount).to.equal(2)
      })

      it('stores what was made of a host that the key has from a trusted proxy', async () => {
        app.set('trust proxy', true)
        app.use(put('site', 'x-forwarded-host'))
        const spy = site.serve(read('site'), '5m')
        const [a, b] = [{ 'x-forwarded-host': 'a.example' }, { 'x-forwarded-host': 'b.example' }]
        expect(await site.texts(a, b, a)).to.deep.equal(['for a.example', 'for b.example', 'for a.example'])
        expect(spy.callCount).to.equal(2)
      })

      it('refuses a session by another field, where the response varies by that', async () => {
        app.use(put('session', 'x-session-token'))
        site.serve(
          (req, res) => res.vary('X-Session-Token').send(String((req as unknown as Known)['session'])),
          '5m',
        )
        expect(await site.status({ 'x-session-token': 'ann' })).to.equal(
          'fwd=uri-miss; detail=read-req.session',
        )
      })

      it('takes nothing personal for what is of all, where the fields that say who asks are known to be no matter', async () => {
        app.use(found((req) => (req['title'] = 'a title')))
        site.serve(read('title'), '5m', { ignore: ['cookie'], vary: ['x-tenant-id'] })
        expect(await site.status({ cookie: 'a=1', 'x-tenant-id': 'a' })).to.equal('fwd=uri-miss; stored')
      })

      it('stores what a proxy in front says the same of as the client', async () => {
        app.use(found((req) => (req['title'] = 'a title')))
        site.serve(read('title'), '5m')
        const { host } = site.server
        expect(await site.status({ host, 'x-forwarded-host': host })).to.equal('fwd=uri-miss; stored')
      })

      it('has nobody else run the route by himself for what one alone has sent', async () => {
        const spy = site.serve(async (req, res) => {
          await new Promise((resolve) => setImmediate(resolve))
          res.send(String(req.headers['x-forwarded-host'] ?? 'site'))
        }, '5m')
        expect(await site.status({ 'x-forwarded-host': 'evil.example' })).to.match(
          /detail=read-x-forwarded-host/,
        )
        const answers = await Promise.all(Array.from({ length: 10 }, () => site.server.exchange('/page')))
        expect(new Set(answers.map(({ text }) => text))).to.deep.equal(new Set(['site']))
        expect(spy.callCount).to.equal(2)
      })

      it('counts a client and a secret that are none of Node and cookie-parser', async () => {
        for (const name of ['client', 'secret']) {
          app.get(
            `/${name}`,
            found((req) =>
              Object.defineProperty(req, name, {
                value: { of: req.headers['x-api-key'] },
                configurable: true,
              }),
            ),
            cacheResponse({ cache: site.cache }) as RequestHandler,
            (req, res) => {
              res.set(shared).send(JSON.stringify((req as unknown as Known)[name]))
            },
          )
          const answer = await site.server.get(`/${name}`, { 'x-api-key': 'a' })
          expect(statusOf(answer)).to.equal(`fwd=uri-miss; detail=read-req.${name}`)
        }
      })
    })

    describe('of the parameters of a path', () => {
      const who: RequestHandler = (req, res) => res.set(shared).send(String(req.params['userId']))
      const ask = (path: string, as?: string) =>
        site.server.get(path, as === undefined ? {} : { authorization: as })

      it('counts what app.param has put in the place of what the path says', async () => {
        app.param('userId', (req, _res, next, id) => {
          if (id === 'me') req.params['userId'] = req.headers.authorization ?? 'nobody'
          next()
        })
        app.get('/users/:userId', cacheResponse({ cache: site.cache }) as RequestHandler, who)
        for (const as of ['ann', 'bob', undefined]) {
          const answer = await ask('/users/me', as)
          expect([answer.text, statusOf(answer)]).to.deep.equal([
            as ?? 'nobody',
            'fwd=uri-miss; detail=read-req.params',
          ])
        }
      })

      it('counts what is only a part of a word of the path', async () => {
        app.param('userId', (req, _res, next) => {
          req.params['userId'] = String(req.headers.authorization)
          next()
        })
        app.get('/v1/users/:userId', cacheResponse({ cache: site.cache }) as RequestHandler, who)
        expect(statusOf(await ask('/v1/users/me', '1'))).to.equal('fwd=uri-miss; detail=read-req.params')
      })

      it('counts nothing of what the path says, however it is spelt, nor of a number made of it', async () => {
        app.param('userId', (req, _res, next, id) => {
          if (/^\d+$/.test(String(id))) Object.assign(req.params, { userId: Number(id) })
          next()
        })
        app.get('/users/:userId', cacheResponse({ cache: site.cache }) as RequestHandler, who)
        for (const [path, text] of [
          ['/users/a%20b%C3%BC', 'a bü'],
          ['/users/7', '7'],
          ['/users/7?of=8', '7'],
        ] as const) {
          const answer = await ask(path, 'ann')
          expect([answer.text, statusOf(answer)]).to.deep.equal([text, 'fwd=uri-miss; stored'])
          expect(statusOf(await ask(path, 'bob'))).to.match(/^hit/)
        }
      })
    })

    it('counts nothing of a query that is what the application has its parser make of the URL', async () => {
      app.set('query parser', (text: string | null): Record<string, unknown> =>
        Object.fromEntries(
          (text ?? '')
            .split(';')
            .map((pair): [string, unknown] => [pair.split('=')[0] ?? '', pair.split('=')[1]?.split(',')]),
        ),
      )
      // As those do who make it one that can be written to.
      app.use(found(query(() => ({}))))
      site.serve((req, res) => res.set(shared).send(JSON.stringify(req.query)))
      const answer = await site.server.get('/page?ids=1,2;user=ann', { authorization: 'Bearer ann' })
      expect(JSON.parse(answer.text)).to.deep.equal({ ids: ['1', '2'], user: ['ann'] })
      expect(statusOf(answer)).to.equal('fwd=uri-miss; stored')
    })

    it('counts nothing of a query that is that of the URL as it was sent, or as it was rewritten', async () => {
      app.set('query parser', 'simple')
      const spy = site.serve((req, res) => res.set(shared).send(JSON.stringify(req.query)))
      const rewritten = (query: object): RequestHandler =>
        found((req) => {
          req.url = '/page?b=2'
          Object.defineProperty(req, 'query', { value: query })
        })
      const outer = express()
      outer.get('/sent', rewritten({ a: '1' }), app)
      outer.get('/routed', rewritten({ b: '2' }), app)
      outer.get('/neither', rewritten({ a: '2' }), app)
      const server = await WebServer.start(outer)
      try {
        const said = []
        for (const path of ['/sent?a=1', '/routed?a=1', '/neither?a=1'])
          said.push(statusOf(await server.get(path, { authorization: 'Bearer ann' })))
        expect(said).to.deep.equal([
          'fwd=uri-miss; stored',
          'fwd=uri-miss; stored',
          'fwd=uri-miss; detail=read-req.query',
        ])
        expect(spy.callCount).to.equal(3)
      } finally {
        await server.close()
      }
    })

    for (const [name, detail] of [
      ['author', 'stored'],
      ['authorized', 'detail=read-req.authorized'],
      ['oauth', 'detail=read-req.oauth'],
    ] as const) {
      it(`${detail === 'stored' ? 'takes nothing' : 'takes something'} personal for a property that is named ${name}`, async () => {
        app.use(found((req) => (req[name] = 'x')))
        site.serve((req, res) => res.set(shared).send(String((req as unknown as Known)[name])))
        expect(await site.status()).to.equal(`fwd=uri-miss; ${detail}`)
      })
    }

    it('counts a parameter that was taken away for the one who asks', async () => {
      app.use(
        found((req) => {
          const { drafts, ...value } = req.query
          const isEditor = req.headers.authorization === 'editor'
          Object.defineProperty(req, 'query', { value: isEditor ? { ...value, drafts } : value })
        }),
      )
      site.serve((req, res) => res.set(shared).send(JSON.stringify(req.query)))
      const reader = await site.server.get('/page?drafts=1', { authorization: 'reader' })
      expect([reader.text, statusOf(reader)]).to.deep.equal(['{}', 'fwd=uri-miss; detail=read-req.query'])
    })

    const odd: [what: string, put: (req: Known) => void][] = [
      [
        'a query that throws',
        (req) => {
          const get = () => {
            throw new Error('not to be read')
          }
          const value = Object.defineProperty({}, 'a', { enumerable: true, get })
          Object.defineProperty(req, 'query', { value, configurable: true })
        },
      ],
      [
        'a body that is gone',
        (req) => {
          const { proxy, revoke } = Proxy.revocable({}, {})
          req.body = proxy
          revoke()
        },
      ],
    ]
    for (const [what, put] of odd) {
      it(`watches as ever where somebody has left ${what}`, async () => {
        app.use(found(put))
        site.serve((_req, res) => res.set({ ...shared, ETag: '"a"' }).send('whole'))
        expect(statusOf(await site.get(ann))).to.equal('fwd=uri-miss; stored')
        expect((await site.get({ 'if-none-match': '"a"' })).status).to.equal(304)
      })
    }

    it('counts nothing of a query that is that of the URL, nor of a body that is none', async () => {
      app.set('query parser', 'extended')
      app.use(express.json())
      const spy = site.serve((req, res) => res.set(shared).send(JSON.stringify([req.query, req.body])))
      const path = '/page?a=1&b%5Bc%5D=x+y&b[d]=%C3%BC&e&f[]=1&f[]=2'
      const first = await site.server.get(path, { authorization: 'Bearer ann' })
      expect(JSON.parse(first.text)).to.deep.include({
        a: '1',
        b: { c: 'x y', d: 'ü' },
        e: '',
        f: ['1', '2'],
      })
      expect(statusOf(first)).to.equal('fwd=uri-miss; stored')
      await site.server.get(path, { authorization: 'Bearer bob' })
      expect(spy.callCount).to.equal(1)
    })

    it('counts as read what lets nothing be put in its place', async () => {
      app.use(found((req, _res, who) => Object.defineProperty(req, 'account', { value: who })))
      site.serve((req, res) => res.set(shared).send(String((req as unknown as Known)['account'])))
      expect(await site.status(ann)).to.equal('fwd=uri-miss; detail=read-req.account')
      expect(await site.texts(ann, bob)).to.deep.equal(['ann', 'bob'])
    })

    it('takes what is hidden under any name for personal, where a cookie says who asks', async () => {
      const hidden = Symbol('preferences')
      app.use((req, _res, next) => {
        Object.defineProperty(req, 'hidden', { value: req.headers.cookie, configurable: true })
        next(void Object.assign(req, { [hidden]: req.headers.cookie }))
      })
      site.serve((req, res) => {
        const known = req as unknown as Record<PropertyKey, unknown>
        res.set('Cache-Control', 'max-age=60').send(String(known[req.path === '/symbol' ? hidden : 'hidden']))
      })
      for (const path of ['/page/symbol', '/page']) {
        const cookies = ['a=1', 'b=1']
        for (const cookie of cookies) expect((await site.server.get(path, { cookie })).text).to.equal(cookie)
      }
    })

    it('does not take what Node itself keeps on a request for personal', async () => {
      const spy = site.serve((req, res) => {
        req
          .resume()
          .once('end', () => res.set('Cache-Control', 'max-age=60').end(`${req.hostname}${req.path}`))
      })
      await site.texts({ cookie: 'a=1' }, { cookie: 'b=1' })
      expect(spy.callCount).to.equal(1)
    })

    it('sees headersDistinct read where it was made before', async () => {
      app.use((req, _res, next) => {
        expect(req.headersDistinct).to.have.property('cookie')
        next()
      })
      site.serve((req, res) => res.set(shared).send(String(req.headersDistinct['cookie'])))
      expect(await site.texts({ cookie: 'a=1' }, { cookie: 'b=1' })).to.deep.equal(['a=1', 'b=1'])
    })

    const ofGateways = [
      'X-Forwarded-User',
      'X-Forwarded-Email',
      'X-Remote-User',
      'Remote-User',
      'X-Auth-Request-User',
      'X-Auth-Request-Email',
      'X-Authenticated-Userid',
      'Cf-Access-Jwt-Assertion',
      'Cf-Access-Authenticated-User-Email',
      'X-Amzn-Oidc-Data',
      'X-Amzn-Oidc-Identity',
      'X-Goog-Iap-Jwt-Assertion',
      'X-Goog-Authenticated-User-Email',
      'X-Ms-Client-Principal',
      'X-Session-Token',
      'X-User-Id',
      'X-User',
      'X-Tenant-Id',
    ]
    for (const name of ofGateways) {
      it(`refuses a response whose route has read ${name}, of a gateway, and that does not vary by it`, async () => {
        site.serve((req, res) => res.set(shared).send(`hello ${String(req.get(name))}`), '5m')
        expect(await site.status({ [name]: 'ann' })).to.equal(
          `fwd=uri-miss; detail=read-${name.toLowerCase()}`,
        )
        expect(await site.texts({}, { [name]: 'bob' })).to.deep.equal(['hello undefined', 'hello bob'])
      })
    }

    for (const name of [
      'Token',
      'X-Auth',
      'X-Token',
      'Api-Key',
      'ApiKey',
      'X-JWT',
      'Private-Token',
      'X-Session',
    ]) {
      it(`refuses a response whose route has read ${name}, by which applications ask who it is`, async () => {
        site.serve((req, res) => res.set(shared).send(`hello ${String(req.get(name))}`), '5m')
        expect(await site.texts({ [name]: 'ann' }, {})).to.deep.equal(['hello ann', 'hello undefined'])
      })
    }

    it('stores a response whose route has read what only begins like one', async () => {
      site.serve(
        (req, res) =>
          res
            .vary('X-Author')
            .set(shared)
            .send(String(req.get('X-Author'))),
        '5m',
      )
      expect(await site.status({ 'x-author': 'ann' })).to.equal('fwd=uri-miss; stored')
    })

    it('stores what varies by the field of a gateway that its route has read', async () => {
      const spy = site.serve((req, res) => {
        res
          .vary('X-Forwarded-User')
          .set(shared)
          .send(String(req.get('X-Forwarded-User')))
      })
      const [annHere, bobHere] = [{ 'x-forwarded-user': 'ann' }, { 'x-forwarded-user': 'bob' }]
      expect(await site.texts(annHere, bobHere, annHere)).to.deep.equal(['ann', 'bob', 'ann'])
      expect(spy.callCount).to.equal(2)
    })

    const ofAll = ['User-Agent', 'X-User-Agent', 'X-Forwarded-For', 'X-Requested-With', 'X-Request-Id']
    for (const name of ofAll) {
      it(`does not take ${name} for who asks`, async () => {
        site.serve((req, res) => res.set(shared).send(String(req.get(name))))
        expect(await site.status({ [name]: 'x' })).to.match(/^fwd=uri-miss; stored/)
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
      ['req.rawHeaders', 'cookie', (req) => req.rawHeaders],
      ['req.headersDistinct', 'authorization', (req) => req.headersDistinct['authorization']],
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

    it('holds a response to the cookie that it was made from, though the route takes it from the request then', async () => {
      site.serve((req, res) => {
        const who = String(req.headers.cookie)
        delete req.headers.cookie
        res.vary('Cookie').set(shared).send(who)
      })
      expect(await site.texts({ cookie: 'ann' }, {}, { cookie: 'ann' })).to.deep.equal([
        'ann',
        'undefined',
        'ann',
      ])
    })

    it('holds a response to what the client asked with, though the route asks for something else then', async () => {
      site.serve((req, res) => {
        const language = String(req.headers['accept-language'])
        req.headers['accept-language'] = 'en'
        res.vary('Accept-Language').set(shared).send(language)
      })
      const [german, english] = [{ 'accept-language': 'de' }, { 'accept-language': 'en' }]
      expect(await site.texts(german, english, german, english)).to.deep.equal(['de', 'en', 'de', 'en'])
      expect(await site.status(german)).to.match(/^hit/)
    })

    it('sees what is read of the headers as they came, though they were taken from the request', async () => {
      site.serve((req, res) => {
        delete req.headers.cookie
        const at = req.rawHeaders.findIndex((name) => name.toLowerCase() === 'cookie')
        res.set(shared).send(at === -1 ? 'nobody' : req.rawHeaders[at + 1])
      })
      expect(await site.texts({ cookie: 'ann' }, {})).to.deep.equal(['ann', 'nobody'])
    })

    it('refuses what was read of a field that misleads, though the route takes it from the request then', async () => {
      site.serve((req, res) => {
        const host = String(req.headers['x-forwarded-host'])
        delete req.headers['x-forwarded-host']
        res.set(shared).send(host)
      })
      expect(await site.status({ 'x-forwarded-host': 'evil.example' })).to.equal(
        'fwd=uri-miss; detail=read-x-forwarded-host',
      )
      expect(await site.texts({})).to.deep.equal(['undefined'])
    })

    it('does not count what the router reads of a request that carries a cookie, in front of a router of its own', async () => {
      app.use(cacheResponse({ cache: site.cache }))
      app.use(
        '/page',
        express.Router().get('/', (_req, res) => {
          res.set('Cache-Control', 'max-age=60').send('page')
        }),
      )
      expect(await site.status({ cookie: 'seen=1' })).to.equal('fwd=uri-miss; stored')
    })

    it('leaves on the request what the route has made of its headers', async () => {
      let seen: unknown
      app.use((req, res, next) => {
        res.on('close', () => {
          seen = req.headers['x-request-id']
        })
        next()
      })
      site.serve((req, res) => {
        req.headers['x-request-id'] = '7'
        res.set(shared).send('page')
      })
      await site.get()
      expect(seen).to.equal('7')
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

    const byBearer: RequestHandler = (req, _res, next) => {
      ;(req as unknown as Known).user = req.headers.authorization?.slice('Bearer '.length)
      next()
    }
    const readUser: Route = (req, res) => res.set(shared).send((req as unknown as Known).user)
    const bearer = { authorization: 'Bearer ann' }

    it('does not take a cookie for covered by Vary: Authorization', async () => {
      site.serve((req, res) => res.vary('Authorization').set(shared).send(String(req.headers.cookie)))
      expect(await site.status({ cookie: 'id=1' })).to.equal('fwd=uri-miss; detail=read-cookie')
      expect(await site.texts({ cookie: 'id=1' }, { cookie: 'id=2' })).to.deep.equal(['id=1', 'id=2'])
    })

    it('does not take a session for covered by Vary: Authorization', async () => {
      app.use(found((req, _res, who) => (req['session'] = { who })))
      site.serve((req, res) => {
        const { who } = (req as unknown as Known)['session'] as { who: string }
        res.vary('Authorization').set(shared).send(who)
      })
      expect(await site.texts(ann, bob)).to.deep.equal(['ann', 'bob'])
    })

    it('does not take the req.user of a bearer token for covered by Vary: Cookie', async () => {
      app.use(byBearer)
      site.serve((req, res, next) => {
        res.vary('Cookie')
        readUser(req, res, next)
      })
      expect(await site.status(bearer)).to.equal('fwd=uri-miss; detail=read-req.user')
      expect(await site.texts(bearer, { authorization: 'Bearer bob' })).to.deep.equal(['ann', 'bob'])
    })

    it('takes req.user for covered where the response varies by all that it may have been made from', async () => {
      app.use(byBearer)
      site.serve((req, res, next) => {
        res.vary('Authorization, Cookie')
        readUser(req, res, next)
      })
      expect(await site.status(bearer)).to.equal('fwd=uri-miss; stored')
      expect(await site.texts(bearer, { authorization: 'Bearer bob' })).to.deep.equal(['ann', 'bob'])
    })

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
            Object.hasOwn(req, 'cookies'),
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

    describe('with another application behind it', () => {
      /** Who asks, as is found out further in: nothing of it is in what the cache sees of the request. */
      const known = new AsyncLocalStorage<string>()
      let inner: Express

      beforeEach(() => {
        inner = express()
        app.use((req, _res, next) => {
          known.run(String(req.headers['x-test-identity']), next)
        })
      })

      /** Asks twice for Ann, of which the first time stores nothing, and once for Bob. */
      const askForBoth = async (path: string) => {
        expect(statusOf(await site.server.get(path, ann))).to.equal('fwd=uri-miss; detail=mounted')
        const again = await site.server.get(path, ann)
        expect([again.text, statusOf(again)]).to.deep.equal(['ann', 'fwd=uri-miss; detail=read-req.user'])
        expect((await site.server.get(path, bob)).text).to.equal('bob')
      }
      const sendUser: RequestHandler = (req, res) => {
        res.set(shared).send((req as unknown as Known).user)
      }
      const assignUser: RequestHandler = (req, _res, next) => {
        Object.assign(req, { user: known.getStore() })
        next()
      }

      const waysIn: readonly [string, () => RequestHandler][] = [
        ['that is mounted', () => inner],
        ['that is called by hand', () => (req, res, next) => (inner as RequestHandler)(req, res, next)],
      ]
      for (const [what, way] of waysIn) {
        it(`sees what one reads ${what}, after a first time that stores nothing`, async () => {
          inner.use(assignUser)
          inner.get('/user', sendUser)
          inner.get('/all', (_req, res) => res.set(shared).send('all'))
          app.use(cacheResponse({ cache: site.cache }), way())
          await askForBoth('/user')
          expect(statusOf(await site.server.get('/all', ann))).to.equal('fwd=uri-miss; stored')
        })

        it(`sees what one ${what} gives all its requests`, async () => {
          Object.defineProperty(inner.request, 'user', { configurable: true, get: () => known.getStore() })
          inner.get('/user', sendUser)
          app.use(cacheResponse({ cache: site.cache }), way())
          await askForBoth('/user')
        })
      }

      it('takes no word of host and scheme that only the application behind it trusts', async () => {
        inner.set('trust proxy', true)
        inner.get('/host', (req, res) => res.send(`${req.protocol}://${req.hostname}/`))
        inner.get('/warm', (_req, res) => res.send('warm'))
        app.use('/in', cacheResponse('5m', { cache: site.cache }), inner)
        await site.server.get('/in/warm')
        const evil = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' }
        const attack = await site.server.get('/in/host', evil)
        expect([attack.text, statusOf(attack)]).to.deep.equal([
          'https://evil.example/',
          'fwd=uri-miss; detail=read-x-forwarded-proto',
        ])
        expect((await site.server.get('/in/host')).text).to.equal('http://127.0.0.1/')
      })

      it('sees who was found out by one that hands the request on, and is mounted elsewhere too', async () => {
        inner.use(assignUser)
        app.use(cacheResponse({ cache: site.cache }))
        app.use(inner)
        app.get('/user', sendUser)
        express().use(inner)
        await askForBoth('/user')
      })
    })

    it('leaves requests as they are that it does not see', async () => {
      site.serve((_req, res) => res.send('seen'), '5m')
      await site.get()
      const seen: unknown[] = []
      app.get('/other', (req, res) => {
        const known = req as unknown as Known
        seen.push('user' in req, Object.keys(req).includes('user'))
        known.user = { name: 'ann' }
        seen.push(Object.getOwnPropertyDescriptor(req, 'user'), Object.keys(req).includes('user'))
        res.end()
      })
      await site.server.get('/other')
      const own = { value: { name: 'ann' }, writable: true, enumerable: true, configurable: true }
      expect(seen).to.deep.equal([false, false, own, true])
    })

    it('calls the setter of an earlier middleware on the request itself', async () => {
      app.use((req, _res, next) => {
        Object.defineProperty(req, 'user', {
          configurable: true,
          get(this: Known) {
            return this['_who']
          },
          set(this: Known, value: unknown) {
            this['_who'] = value
          },
        })
        next()
      })
      site.serve((req, res) => {
        ;(req as unknown as Known).user = 'ann'
        res.send(String((req as unknown as Known)['_who']))
      }, '5m')
      expect((await site.get()).text).to.equal('ann')
    })

    it('takes any number of properties that earlier middleware has put there', async () => {
      app.use((_req, res, next) => {
        for (let id = 0; id < 20_000; id += 1) res.locals[`text${String(id)}`] = id
        next()
      })
      site.serve((_req, res) => res.set(shared).send('fine'))
      const asked = { Cookie: 'session=1' }
      expect(statusOf(await site.get(asked))).to.equal('fwd=uri-miss; stored')
      expect((await site.get(asked)).text).to.equal('fine')
    })

    it('leaves requests as they were where two caches stand on a route', async () => {
      const seen: unknown[] = []
      const { cache } = site
      app.use((req, res, next) => {
        ;(req as unknown as Known).user = 'ann'
        res.once('finish', () => {
          seen.push(Object.getOwnPropertyDescriptor(req, 'user'))
        })
        next()
      })
      app.get('/two', cacheResponse({ cache }), cacheResponse({ cache }), (_req, res) => res.send('two'))
      await site.server.get('/two')
      const own = { value: 'ann', writable: true, enumerable: true, configurable: true }
      expect(seen).to.deep.equal([own])
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

    const pointedOut = [
      'User-Agent',
      'Referer',
      'Origin',
      'Accept',
      'Accept-Language',
      'Accept-Encoding',
      'Accept-Charset',
      'Sec-CH-UA-Mobile',
      'DNT',
    ]
    for (const name of pointedOut) {
      const lower = name.toLowerCase()
      it(`points out ${name}, unless the response varies by it`, async () => {
        let varies = false
        site.serve((req, res) => {
          if (varies) res.vary(name)
          res.send(`by ${String(req.get(name)?.length)}`)
        }, '5m')
        expect(await site.status({ [name]: 'x' })).to.equal(`fwd=uri-miss; stored; detail=read-${lower}`)
        expect(site.logger.lines.map(({ details }) => details)).to.deep.equal([{ field: lower }])
        varies = true
        site.seconds(400)
        expect(await site.status({ [name]: 'x' })).to.match(/stored$/)
      })
    }

    it('points out each route once, of all those behind one middleware', async () => {
      app.use(cacheResponse('5m', { cache: site.cache }))
      for (const path of ['/one', '/two']) app.get(path, (req, res) => res.send(req.get('user-agent')))
      for (const path of ['/one', '/two', '/one?again', '/two?again'])
        await site.server.get(path, { 'user-agent': 'curl' })
      expect(site.logger.lines.map(({ details }) => details)).to.deep.equal([
        { field: 'user-agent', route: '/one' },
        { field: 'user-agent', route: '/two' },
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
