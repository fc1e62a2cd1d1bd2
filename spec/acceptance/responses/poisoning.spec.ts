import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import type { Express, RequestHandler, Response } from 'express'
import { cacheResponse } from 'holdfast'
import { CachedSite, statusOf } from '../../support/cached-site'
import { expressVersions } from '../../support/express-versions'
import type { Route } from '../../support/ways-of-sending'

const FRESH = { 'Cache-Control': 'public, max-age=60' }

for (const [version, express] of expressVersions) {
  for (const trustsProxy of [false, true]) {
    describe(`An attacker, under ${version} with trust proxy ${trustsProxy ? 'on' : 'off'},`, () => {
      let site: CachedSite
      let app: Express

      beforeEach(async () => {
        site = await CachedSite.start(express)
        ;({ app } = site)
        app.set('trust proxy', trustsProxy)
      })

      afterEach(() => site.close())

      /** What everybody gets after the attacker's request; the route puts into its response whatever it has read. */
      async function afterAttack(headers: Record<string, string>, path = '/page'): Promise<string> {
        await site.server.ask(path, { headers })
        return (await site.server.get('/page')).text
      }

      const unkeyed = [
        'x-forwarded-host',
        'x-forwarded-proto',
        'x-forwarded-scheme',
        'x-forwarded-port',
        'x-forwarded-prefix',
        'x-forwarded-path',
        'x-forwarded-uri',
        'x-envoy-original-path',
        'x-host',
        'forwarded',
        'x-original-url',
        'x-rewrite-url',
        'x-http-method-override',
        'x-method-override',
      ]
      for (const name of unkeyed) {
        it(`leaves nothing for others by ${name}, which the route reads`, async () => {
          site.serve((req, res) => res.set(FRESH).send(`by ${String(req.headers[name] ?? 'nobody')}`))
          expect(await afterAttack({ [name]: 'evil.example' })).to.equal('by nobody')
        })
      }

      it('leaves nothing for others by what Express takes the host and the scheme for', async () => {
        site.serve((req, res) => res.set(FRESH).send(`${req.protocol}://${req.hostname}/`))
        const own = `http://${site.server.host.replace(/:.*/, '')}/`
        expect(await afterAttack({ 'x-forwarded-host': 'evil.example' })).to.equal(own)
        expect(await afterAttack({ 'x-forwarded-proto': 'evil' })).to.equal(own)
        expect(await afterAttack({ host: 'evil.example' })).to.equal(own)
      })

      it('leaves nothing for others by a header that rewrites the URL before the cache', async () => {
        app.use((req, _res, next) => {
          const url = req.headers['x-original-url']
          if (typeof url === 'string') req.url = url
          next()
        })
        app.use(cacheResponse('5m', { cache: site.cache }) as RequestHandler)
        app.get('/admin', (_req, res) => res.send('the admin page'))
        app.get('/page', (_req, res) => res.send('the page'))
        expect(await afterAttack({ 'x-original-url': '/admin' })).to.equal('the page')
      })

      it('leaves nothing for others by a method that was overridden before the cache', async () => {
        app.use((req, _res, next) => {
          const method = req.headers['x-http-method-override']
          if (typeof method === 'string') Object.assign(req, { originalMethod: req.method, method })
          next()
        })
        app.use(cacheResponse('5m', { cache: site.cache }) as RequestHandler)
        app.get('/page', (req, res) =>
          res.send(`a ${String((req as { originalMethod?: string }).originalMethod)}`),
        )
        app.delete('/page', (_req, res) => res.send('deleted'))
        await site.ask({ method: 'POST', headers: { 'x-http-method-override': 'GET' } })
        expect((await site.get()).text).to.equal('a undefined')
        expect(await afterAttack({ 'x-http-method-override': 'DELETE' })).to.equal('a undefined')
      })

      it('leaves nothing for others by the body of a GET', async () => {
        app.use(express.json())
        const spy = site.serve((req, res) => {
          res.set(FRESH).send(`by ${String((req.body as { who?: string } | undefined)?.who)}`)
        })
        const body = '{"who":"evil"}'
        const fat = { 'content-type': 'application/json', 'content-length': body.length }
        const first = await site.ask({ headers: fat, body })
        expect(statusOf(first)).to.equal('fwd=bypass; detail=body')
        expect((await site.get()).text).to.equal('by undefined')
        const chunked = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' }
        expect(statusOf(await site.ask({ headers: chunked, body }))).to.equal('fwd=bypass; detail=body')
        expect(spy.callCount).to.equal(3)
      })

      const cloaks = [
        'a=evil&q=1',
        'q=1;a=evil',
        'q=1&%61=evil',
        'q=1&a[]=evil',
        'q=1&[a]=evil',
        'q=1&a[b]=evil',
        'q=1&a%5B%5D=evil',
      ]
      for (const query of cloaks) {
        it(`leaves nothing for others by a parameter that is spelt so: ${query}`, async () => {
          app.set('query parser', 'extended')
          app.get(
            '/page',
            cacheResponse('5m', { cache: site.cache, query: ['a', 'q'] }) as RequestHandler,
            (req, res) => {
              res.send(JSON.stringify(req.query))
            },
          )
          await site.server.get(`/page?${query}`)
          expect((await site.server.get('/page?q=1')).text).to.equal('{"q":"1"}')
        })
      }

      for (const parser of ['simple', 'extended']) {
        for (const [what, query] of [
          ['more parameters than are read', `${'x&'.repeat(1000)}q=1`],
          ['a # in front of others', 'x=#&q=1'],
        ] as const) {
          it(`leaves nothing for others by ${what} (${parser} parser)`, async () => {
            app.set('query parser', parser)
            app.get(
              '/page',
              cacheResponse('5m', { cache: site.cache, query: ['q'] }) as RequestHandler,
              (req, res) => res.send(`q=${req.query['q'] as string}`),
            )
            await raw(`GET /page?${query} HTTP/1.1\r\nHost: ${site.server.host}\r\nConnection: close\r\n\r\n`)
            expect((await site.server.get('/page?q=1')).text).to.equal('q=1')
          })
        }
      }

      for (const host of ['SITE.example', 'site.example:80']) {
        it(`leaves nothing for others by a host that is spelt so: ${host}`, async () => {
          site.serve((req, res) => res.set(FRESH).send(`//${String(req.headers.host)}/app.js`))
          await site.get({ host })
          expect((await site.get({ host: 'site.example' })).text).to.equal('//site.example/app.js')
        })
      }

      for (const [one, other] of [
        ['d e', 'de'],
        ['de;q =0.1, en', 'en, de;q=0.1'],
      ] as const) {
        it(`leaves nothing for others by a language that is spelt so: ${one}`, async () => {
          const vary = ['accept-language']
          const route: Route = (req, res) => res.send(String(req.headers['accept-language']))
          site.serve(route, '5m', { vary })
          await site.get({ 'accept-language': one })
          expect((await site.get({ 'accept-language': other })).text).to.equal(other)
        })
      }

      const paths = [
        '//page',
        '/page/',
        '/PAGE',
        '/%70age',
        '/page%2F',
        '/./page',
        '/x/../page',
        '/page?',
        '/page;a=1',
        '/page%00',
      ]
      for (const path of paths) {
        it(`leaves nothing for others by a path that is spelt so: ${path}`, async () => {
          app.use(cacheResponse('5m', { cache: site.cache }) as RequestHandler)
          app.use((req, res: Response) => res.send(`at ${req.originalUrl}`))
          await raw(`GET ${path} HTTP/1.1\r\nHost: ${site.server.host}\r\nConnection: close\r\n\r\n`)
          expect((await site.server.get('/page')).text).to.equal('at /page')
        })
      }

      it('leaves nothing for others by an absolute URL in the request line', async () => {
        app.use(cacheResponse('5m', { cache: site.cache }) as RequestHandler)
        app.use((req, res: Response) => res.send(`at ${req.url}`))
        await raw(
          `GET http://evil.example/page HTTP/1.1\r\nHost: ${site.server.host}\r\nConnection: close\r\n\r\n`,
        )
        expect((await site.server.get('/page')).text).to.equal('at /page')
      })

      it('leaves nothing for others by a header that is too large, or malformed', async () => {
        site.serve((_req, res) => res.set(FRESH).send('the page'))
        const head = `GET /page HTTP/1.1\r\nHost: ${site.server.host}\r\nConnection: close\r\n`
        expect(await raw(`${head}X-Large: ${'x'.repeat(20_000)}\r\n\r\n`)).to.match(/^HTTP\/1\.1 431/)
        expect(await raw(`${head}X Bad: 1\r\n\r\n`)).to.match(/^HTTP\/1\.1 400/)
        expect((await site.get()).text).to.equal('the page')
      })

      it('cannot split a response by what it puts into a query', async () => {
        site.serve((req, res) => res.set('X-Echo', req.query['q'] as string).send('x'), '5m')
        const answer = await site.server.get(
          `/page?q=${encodeURIComponent('a\r\nSet-Cookie: evil=1\r\n\r\n<html>')}`,
        )
        expect(answer.status).to.equal(500)
        expect(answer.headers).not.to.have.property('set-cookie')
        expect(statusOf(answer)).not.to.match(/stored/)
      })

      it('cannot make the route run with what it says of caching, nor empty the cache', async () => {
        const spy = site.serve((_req, res) => res.set(FRESH).send('the page'))
        await site.get()
        for (const headers of [
          { 'cache-control': 'no-cache' },
          { pragma: 'no-cache' },
          { 'cache-control': 'max-age=0' },
        ])
          await site.get(headers)
        await site.ask({ method: 'PURGE' }).catch(() => undefined)
        expect(spy.callCount).to.be.at.most(2)
      })

      it('cannot have a response stored in the place of another by an ETag of its own', async () => {
        site.serve((_req, res) => res.set({ ...FRESH, ETag: '"own"' }).send('the page'))
        expect((await site.get({ 'if-none-match': '"own"' })).status).to.equal(304)
        expect(await site.get()).to.include({ status: 200, text: 'the page' })
        expect((await site.get({ 'if-none-match': '*' })).status).to.equal(304)
      })

      it('cannot reach the copy of another by a scope that runs into the URL', async () => {
        const scope = (req: { headers: Record<string, unknown> }) => String(req.headers['x-user'])
        app.use('/page', cacheResponse('5m', { cache: site.cache, scope: scope as never }) as RequestHandler)
        app.use('/page', (req, res: Response) => res.send(`for ${String(req.headers['x-user'])}`))
        await site.get({ 'x-user': 'ann' })
        for (const user of ['ann"', 'ann","', 'Ann', 'ann\u00a0', ''])
          expect((await site.get({ 'x-user': user })).text).not.to.equal('for ann')
      })

      async function raw(bytes: string): Promise<string> {
        const socket = connect(Number(new URL(site.server.url).port), '127.0.0.1')
        socket.write(bytes)
        return text(socket).catch(() => '')
      }
    })
  }
}
