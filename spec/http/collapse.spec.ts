import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { expect } from 'chai'
import type { Response } from 'express'
import { cacheResponse } from 'holdfast'
import { CachedSite, counting, statusOf } from '../support/cached-site'
import { eventually } from '../support/eventually'
import { expressVersions } from '../support/express-versions'
import { RedisServer } from '../support/redis-server'

const AT_ONCE = 20

for (const [version, express] of expressVersions) {
  describe(`Requests for one key at once, under ${version}`, () => {
    let site: CachedSite

    beforeEach(async () => {
      site = await CachedSite.start(express)
    })

    afterEach(() => site.close())

    const ask = (headers = {}) => site.server.exchange('/page', { headers })
    const many = (headers: (index: number) => object = () => ({})) =>
      Array.from({ length: AT_ONCE }, (_, index) => ask(headers(index)))

    it('wait for one run of the route, and share what it sends', async () => {
      let go = (): void => undefined
      const spy = site.serve((_req, res) => {
        go = () => res.json({ made: 'once' })
      }, '5m')
      const asked = many()
      await eventually(() => spy.callCount === 1)
      go()
      const answers = await Promise.all(asked)
      expect(new Set(answers.map(({ text }) => text))).to.deep.equal(new Set(['{"made":"once"}']))
      const said = answers.map(statusOf)
      expect(said.filter((status) => status === 'fwd=uri-miss; stored')).to.have.length(1)
      expect(said.every((status) => /stored|collapsed|hit/.test(status))).to.be.true
      expect(spy.callCount).to.equal(1)
    })

    it('each get the variant that they ask for, of one run each', async () => {
      const spy = site.serve(async (req, res) => {
        await new Promise((resolve) => setImmediate(resolve))
        res.vary('Accept-Language').send(String(req.headers['accept-language']))
      }, '5m')
      const language = (index: number) => (index % 2 === 0 ? 'el' : 'de')
      const answers = await Promise.all(many((index) => ({ 'accept-language': language(index) })))
      expect(answers.map(({ text }) => text)).to.deep.equal(answers.map((_, index) => language(index)))
      expect(spy.callCount).to.be.within(2, 3)
    })

    it('are released at once when the head shows that it is not to be stored', async () => {
      const open: Response[] = []
      const spy = site.serve((_req, res) => {
        open.push(res)
        res.set('Cache-Control', 'no-store').write('half')
      }, '5m')
      const asked = many()
      await eventually(() => spy.callCount === AT_ONCE)
      for (const res of open) res.end()
      expect((await Promise.all(asked)).every(({ text }) => text === 'half')).to.be.true
    })

    it('do not wait for a route whose response was refused a moment ago', async () => {
      let isFirst = true
      const open: Response[] = []
      const spy = site.serve((_req, res) => {
        if (!isFirst) open.push(res)
        else res.set('Cache-Control', 'no-store').end()
        isFirst = false
      }, '5m')
      await site.get()
      const asked = many()
      await eventually(() => spy.callCount === AT_ONCE + 1)
      for (const res of open) res.end()
      await Promise.all(asked)
    })

    /** Counts who comes to what is put behind it. */
    function countingRequests(): (count: number) => Promise<unknown> {
      let come = 0
      site.app.use((_req, _res, next) => {
        come += 1
        next()
      })
      return (count) => eventually(() => come === count)
    }

    it('each ask the route where the first that they wait for says no-cache', async () => {
      const open: Response[] = []
      const hasCome = countingRequests()
      const spy = site.serve((_req, res) => void open.push(res))
      const asked = many()
      await hasCome(AT_ONCE)
      const end = (res: Response | undefined) =>
        res?.set({ 'Cache-Control': 'no-cache', ETag: '"a"' }).end('x')
      await eventually(() => spy.callCount === 1)
      end(open.shift())
      await eventually(() => spy.callCount === AT_ONCE)
      open.forEach(end)
      await Promise.all(asked)
    })

    it('each ask the route where it says no-cache, and none waits for another once that is known', async () => {
      const open: Response[] = []
      let isFirst = true
      const spy = site.serve((_req, res) => {
        res.set({ 'Cache-Control': 'no-cache', ETag: '"a"' })
        if (isFirst) res.end('first')
        else open.push(res)
        isFirst = false
      })
      await site.get()
      const asked = many()
      await eventually(() => spy.callCount === AT_ONCE + 1)
      open.forEach((res, index) => res.end(`run ${String(index)}`))
      expect(new Set((await Promise.all(asked)).map(({ text }) => text)).size).to.equal(AT_ONCE)
    })

    it('have the route run by one of them where the first fails', async () => {
      const spy = site.serve((_req, res) => {
        if (spy.callCount === 1) setImmediate(() => res.status(500).end('broken'))
        else setImmediate(() => res.end('mended'))
      }, '5m')
      const texts = (await Promise.all(many())).map(({ text }) => text)
      expect(texts.filter((text) => text === 'broken')).to.have.length(1)
      expect(texts.filter((text) => text === 'mended')).to.have.length(AT_ONCE - 1)
      expect(spy.callCount).to.equal(2)
    })

    it('have the route run by twice as many each time it fails: nobody stands in line for all others', async () => {
      const open: Response[] = []
      const hasCome = countingRequests()
      const spy = site.serve((_req, res) => void open.push(res), '5m', { collapse: '10m' })
      const asked = many()
      await hasCome(AT_ONCE)
      for (const count of [1, 1 + 2, 1 + 2 + 4, 1 + 2 + 4 + 8, AT_ONCE]) {
        await eventually(() => spy.callCount >= count)
        // Nobody else has come meanwhile.
        await new Promise((resolve) => setTimeout(resolve, 20))
        expect(spy.callCount).to.equal(count)
        for (const res of open.splice(0)) res.status(503).end('busy')
      }
      const statuses = (await Promise.all(asked)).map(({ status }) => status)
      expect(statuses).to.deep.equal(Array.from({ length: AT_ONCE }, () => 503))
    })

    it('get what may stand in, all of them, when the run that they wait for takes too long', async () => {
      let isHanging = false
      const open: Response[] = []
      const spy = site.serve(
        (_req, res) => {
          if (isHanging) open.push(res)
          else res.set('Cache-Control', 'max-age=1, stale-if-error=60').end('whole')
        },
        undefined,
        { routeTimeout: 100, collapse: '10m' },
      )
      await site.get()
      site.seconds(2)
      isHanging = true
      const answers = await Promise.all(many())
      expect(answers.map(({ text }) => text)).to.deep.equal(answers.map(() => 'whole'))
      expect(spy.callCount).to.equal(2)
      for (const res of open) res.end()
    })

    it('wait on where those who go first go away, however many', async () => {
      const open: Response[] = []
      const hasCome = countingRequests()
      const spy = site.serve((_req, res) => void open.push(res), '5m', { collapse: '10m' })
      const leaving = []
      for (const count of [1, 2, 3]) {
        const client = request(`${site.server.url}/page`).on('error', () => undefined)
        client.end()
        leaving.push({ count, client })
        await hasCome(count)
      }
      const asked = many()
      await hasCome(leaving.length + AT_ONCE)
      for (const { count, client } of leaving) {
        await eventually(() => spy.callCount === count)
        client.destroy()
      }
      await eventually(() => spy.callCount === leaving.length + 1)
      open.at(-1)?.end('whole')
      expect(new Set((await Promise.all(asked)).map(({ text }) => text))).to.deep.equal(new Set(['whole']))
      expect(spy.callCount).to.equal(leaving.length + 1)
    })

    it('have the route run by one of them where the client of the first goes away', async () => {
      const open: Response[] = []
      const spy = site.serve((_req, res) => {
        open.push(res)
        res.write('whole')
      }, '5m')
      const first = request(`${site.server.url}/page`).on('error', () => undefined)
      first.end()
      await once(first, 'response')
      const asked = [ask(), ask(), ask()]
      await eventually(() => open.length === 1)
      first.destroy()
      await eventually(() => open.length === 2)
      open[1]?.end()
      expect((await Promise.all(asked)).map(({ text }) => text)).to.deep.equal(['whole', 'whole', 'whole'])
      expect(spy.callCount).to.equal(2)
    })

    /** A client that asks for these one behind the other, and takes nothing of what it gets. */
    async function pipelining(...paths: string[]): Promise<Socket> {
      const { hostname, port } = new URL(site.server.url)
      const socket = connect(Number(port), hostname).on('error', () => undefined)
      await once(socket, 'connect')
      socket.pause()
      socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: ${site.server.host}\r\n\r\n`).join(''))
      return socket
    }

    it('have the route run by one of them where the client of the first goes away before its turn (RFC 9112 §9.3.2)', async () => {
      const open: Response[] = []
      site.app.get('/before', () => undefined)
      site.serve((_req, res) => open.push(res), '5m')
      const first = await pipelining('/before', '/page', '/page')
      await eventually(() => open.length === 1)
      const asked = [ask(), ask()]
      first.destroy()
      await eventually(() => open.length === 2)
      open[1]?.end('whole')
      expect((await Promise.all(asked)).map(({ text }) => text)).to.deep.equal(['whole', 'whole'])
      expect(open.length).to.equal(2)
    })

    it('are not held up by a client that takes nothing of what the route sends', async () => {
      const body = Buffer.alloc(16 * 2 ** 20, 'x')
      const spy = site.serve(
        (_req, res) => {
          // As a file is sent: the next piece once there is room for it.
          const pieces = Array.from({ length: 256 }, (_, index) =>
            body.subarray(index * 2 ** 16, (index + 1) * 2 ** 16),
          )
          Readable.from(pieces, { objectMode: false }).pipe(res)
        },
        '5m',
        { maxBodyBytes: body.length },
      )
      const first = await pipelining('/page')
      await eventually(() => spy.callCount === 1)
      const answers = await Promise.all([ask(), ask()])
      expect(answers.every((answer) => answer.body.equals(body))).to.be.true
      expect(spy.callCount).to.equal(1)
      first.destroy()
    })

    it('run the route themselves when they have waited long enough for one that never ends', async () => {
      const spy = site.serve(
        (_req, res) => {
          if (spy.callCount > 1) res.end('mine')
        },
        '5m',
        { collapse: 30 },
      )
      const first = request(`${site.server.url}/page`).on('error', () => undefined)
      first.end()
      await eventually(() => spy.callCount === 1)
      expect((await ask()).text).to.equal('mine')
      first.destroy()
    })

    it('do not wait where that is not wanted', async () => {
      const open: Response[] = []
      site.serve((_req, res) => open.push(res), '5m', { collapse: false })
      const asked = [ask(), ask()]
      await eventually(() => open.length === 2)
      for (const res of open) res.end('x')
      await Promise.all(asked)
    })

    it('that say who asks are not given what was made for others, and are not held up by it again', async () => {
      site.serve((req, res) => {
        setImmediate(() => res.end(req.headers.cookie === undefined ? 'for all' : 'for one'))
      }, '5m')
      const answers = await Promise.all(
        many((index) => (index % 2 === 0 ? {} : { cookie: `id=${String(index)}` })),
      )
      expect(answers.map(({ text }) => text)).to.deep.equal(
        answers.map((_, index) => (index % 2 === 0 ? 'for all' : 'for one')),
      )
    })

    it('hold up nothing of what is streamed to the first', async () => {
      let finish = (): void => undefined
      site.serve((_req, res) => {
        res.write('first, ')
        finish = () => res.end('last')
      }, '5m')
      const asked = request(`${site.server.url}/page`)
      asked.end()
      const [response] = (await once(asked, 'response')) as [NodeJS.ReadableStream]
      const [piece] = (await once(response, 'data')) as [Buffer]
      expect(String(piece)).to.equal('first, ')
      finish()
      await once(response, 'end')
    })

    it('are answered by the run that is under way though the middleware stands on the route twice', async () => {
      site.app.use(cacheResponse({ cache: site.cache }))
      const spy = site.serve((_req, res) => setImmediate(() => res.end('once')), '5m')
      const answers = await Promise.all(many())
      expect(new Set(answers.map(({ text }) => text))).to.deep.equal(new Set(['once']))
      expect(spy.callCount).to.equal(1)
    })

    it('wait for one run in all processes together', async () => {
      const redis = await RedisServer.start()
      const sites = [
        await CachedSite.start(express, { redis: redis.url }),
        await CachedSite.start(express, { redis: redis.url }),
      ]
      try {
        await eventually(() => sites.every(({ cache }) => cache.isConnected))
        let runs = 0
        let go = (): void => undefined
        for (const { app, cache } of sites) {
          app.get('/page', cacheResponse('5m', { cache }), (_req, res) => {
            runs += 1
            go = () => res.end('once')
          })
        }
        const headers = { host: 'site.example' }
        const asked = sites.flatMap(({ server }) => [
          server.exchange('/page', { headers }),
          server.exchange('/page', { headers }),
        ])
        await eventually(() => runs === 1)
        go()
        expect((await Promise.all(asked)).map(({ text }) => text)).to.deep.equal([
          'once',
          'once',
          'once',
          'once',
        ])
        expect(runs).to.equal(1)
      } finally {
        for (const each of sites) await each.close()
        await redis.stop()
      }
    })
  })

  describe(`What a client says of caching, under ${version} (RFC 9111 §5.2.1)`, () => {
    let site: CachedSite

    beforeEach(async () => {
      site = await CachedSite.start(express)
    })

    afterEach(() => site.close())

    const all = ['no-cache', 'no-store', 'max-age=0', 'min-fresh=9999', 'only-if-cached']
    for (const said of all) {
      it(`${said} is ignored where it is not to be honoured`, async () => {
        site.serve(counting({ 'Cache-Control': 'max-age=60' }))
        expect(await site.texts({}, { 'cache-control': said })).to.deep.equal(['run 1', 'run 1'])
      })
    }

    const honoured = { requestDirectives: 'honour' } as const
    const running = [
      { 'cache-control': 'no-cache' },
      { 'cache-control': 'no-store' },
      { 'cache-control': 'max-age=4' },
      { 'cache-control': 'min-fresh=56' },
      { pragma: 'no-cache' },
    ]
    for (const headers of running) {
      it(`${JSON.stringify(headers)} has the route run where it is honoured`, async () => {
        site.serve(counting({ 'Cache-Control': 'max-age=60' }), undefined, honoured)
        await site.get()
        site.seconds(5)
        const answer = await site.get(headers)
        expect(answer.text).to.equal('run 2')
        expect(statusOf(answer)).to.match(/^fwd=request/)
      })
    }

    for (const said of ['max-age=60', 'min-fresh=10', 'max-stale']) {
      it(`${said} is met by what is fresh enough`, async () => {
        site.serve(counting({ 'Cache-Control': 'max-age=60' }), undefined, honoured)
        expect(await site.texts({}, { 'cache-control': said })).to.deep.equal(['run 1', 'run 1'])
      })
    }

    it('max-stale takes what has been over for less than that, unless the route forbids it', async () => {
      let cacheControl = 'max-age=10'
      let runs = 0
      site.serve(
        (_req, res) =>
          res.set({ 'Cache-Control': cacheControl, ETag: '"a"' }).end(`run ${String((runs += 1))}`),
        undefined,
        honoured,
      )
      await site.get()
      site.seconds(20)
      expect((await site.get({ 'cache-control': 'max-stale=30' })).text).to.equal('run 1')
      cacheControl = 'max-age=10, must-revalidate'
      expect((await site.get({ 'cache-control': 'max-stale=5' })).text).to.equal('run 2')
      site.seconds(20)
      expect((await site.get({ 'cache-control': 'max-stale=30' })).text).to.equal('run 3')
    })

    const targeted: [forbids: string, targeted: string, general: string, text: string][] = [
      ['the targeted field', 'max-age=10, must-revalidate', 'max-age=10', 'run 2'],
      ['only what it goes before', 'max-age=10', 'max-age=10, must-revalidate', 'run 1'],
    ]
    for (const [forbids, field, general, text] of targeted) {
      it(`max-stale gets ${text} where ${forbids} forbids it (RFC 9213 §2.2)`, async () => {
        const options = { ...honoured, targetedFields: ['CDN-Cache-Control'] }
        const fields = { 'CDN-Cache-Control': field, 'Cache-Control': general, ETag: '"a"' }
        site.serve(counting(fields), undefined, options)
        await site.get()
        site.seconds(20)
        expect((await site.get({ 'cache-control': 'max-stale' })).text).to.equal(text)
      })
    }

    it('max-stale gets nothing where earlier middleware forbids it for the route (RFC 9111 §5.2.2.2)', async () => {
      site.app.use((_req, res, next) => {
        res.set('Cache-Control', 'max-age=10, must-revalidate')
        next()
      })
      site.serve(counting({ ETag: '"a"' }), undefined, honoured)
      await site.get()
      site.seconds(20)
      expect((await site.get({ 'cache-control': 'max-stale' })).text).to.equal('run 2')
    })

    it('no-store keeps its response from being stored', async () => {
      site.serve(counting({ 'Cache-Control': 'max-age=60' }), undefined, honoured)
      await site.get({ 'cache-control': 'no-store' })
      expect((await site.get()).text).to.equal('run 2')
    })

    it('no-store takes nothing away of what is stored (RFC 9111 §5.2.1.5)', async () => {
      site.serve(counting({ 'Cache-Control': 'max-age=60' }), undefined, honoured)
      expect(await site.texts({}, { 'cache-control': 'no-store' }, {})).to.deep.equal([
        'run 1',
        'run 2',
        'run 1',
      ])
    })

    it('only-if-cached is answered with 504 where nothing is stored (RFC 9111 §5.2.1.7)', async () => {
      const spy = site.serve(counting({ 'Cache-Control': 'max-age=60' }), undefined, honoured)
      const answer = await site.get({ 'cache-control': 'only-if-cached' })
      expect(answer.status).to.equal(504)
      expect(spy.callCount).to.equal(0)
      // It went nowhere (RFC 9211 §2.2).
      expect(statusOf(answer)).to.equal('detail=only-if-cached')
      await site.get()
      expect((await site.get({ 'cache-control': 'only-if-cached' })).text).to.equal('run 1')
    })
  })

  describe(`What is added to a response, under ${version}`, () => {
    let site: CachedSite

    beforeEach(async () => {
      site = await CachedSite.start(express)
    })

    afterEach(() => site.close())

    for (const strength of ['strong', 'weak'] as const) {
      it(`is a ${strength} ETag of its bytes where it has none`, async () => {
        const tag = strength === 'weak' ? /^W\/"[\w-]+"$/ : /^"[\w-]+"$/
        site.serve((_req, res) => res.end('body'), '5m', { etag: strength })
        const [first, second] = [await site.get(), await site.get()]
        expect(first.headers.etag).to.match(tag).and.to.equal(second.headers.etag)
        expect((await site.get({ 'if-none-match': first.headers.etag })).status).to.equal(304)
      })
    }

    it('is an ETag on hits where the route writes in pieces, and never in the place of its own', async () => {
      site.serve(
        (req, res) => {
          if (req.query['own'] !== undefined) res.set('ETag', '"own"')
          res.write('bo')
          res.end('dy')
        },
        '5m',
        { etag: 'strong' },
      )
      const tagOf = async (path: string) => (await site.server.get(path)).headers.etag
      expect([await tagOf('/page'), await tagOf('/page?own')]).to.deep.equal([undefined, '"own"'])
      expect(await tagOf('/page')).to.match(/^"4-/)
      expect(await tagOf('/page?own')).to.equal('"own"')
    })

    it('is no ETag where HEAD has no bytes to make one of (RFC 9110 §9.3.2)', async () => {
      site.app.disable('etag')
      site.serve((_req, res) => res.send('body'), '5m', { etag: 'strong' })
      expect((await site.ask({ method: 'HEAD' })).headers).not.to.have.property('etag')
      const { etag } = (await site.get()).headers
      expect((await site.ask({ method: 'HEAD' })).headers).to.include({ etag })
    })

    it('is what it varies by, where the option says so', async () => {
      site.serve((req, res) => res.vary('Origin').end(String(req.headers['accept-language'])), '5m', {
        vary: ['Accept-Language'],
      })
      const [el, de] = [
        await site.get({ 'accept-language': 'el' }),
        await site.get({ 'accept-language': 'de' }),
      ]
      expect([el.text, de.text]).to.deep.equal(['el', 'de'])
      expect(el.headers.vary).to.equal('Origin, accept-language')
      expect(statusOf(await site.get({ 'accept-language': 'el' }))).to.match(/^hit/)
    })

    it('are its tags, for a CDN, where that is asked for', async () => {
      const options = { tags: ['a'], cacheTagHeader: true, scope: () => 'Ann' }
      site.serve(counting({ 'Cache-Tag': 'own' }), '5m', options)
      for (const { headers } of [await site.get(), await site.get()])
        expect(headers['cache-tag']).to.equal('a,own')
    })

    it('is the key in Cache-Status, or no Cache-Status at all, as is asked for', async () => {
      site.app.get('/key', cacheResponse('5m', { cache: site.cache, cacheStatus: 'with-key' }), counting())
      site.app.get('/off', cacheResponse('5m', { cache: site.cache, cacheStatus: 'off' }), counting())
      expect(statusOf(await site.server.get('/key'))).to.match(
        /^fwd=uri-miss; stored; key="response:[\w-]{43}"$/,
      )
      expect((await site.server.get('/off')).headers).not.to.have.property('cache-status')
    })

    it('is nothing of a cookie that is stripped from what is stored', async () => {
      site.serve(counting({ 'Set-Cookie': 'a=1' }), '5m', { setCookie: 'strip' })
      const [first, second] = [await site.get(), await site.get()]
      expect(first.headers).to.have.property('set-cookie')
      expect(second).to.include({ text: 'run 1' })
      expect(second.headers).not.to.have.property('set-cookie')
    })
  })
}
