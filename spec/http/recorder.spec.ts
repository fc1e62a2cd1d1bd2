import { once } from 'node:events'
import { get } from 'node:http'
import type { ServerResponse } from 'node:http'
import { expect } from 'chai'
import type { Express } from 'express'
import { record } from '../../lib/http/recorder'
import { fieldsOf } from '../../lib/http/recording'
import type { ResponseHead } from '../../lib/http/recording'
import { eventually } from '../support/eventually'
import { expressVersions } from '../support/express-versions'
import { WebServer } from '../support/web-server'
import type { Answer } from '../support/web-server'
import { waysOfSending } from '../support/ways-of-sending'
import type { Route } from '../support/ways-of-sending'

/** Fields that the server itself adds to what it is told. */
const ADDED = /^(date|connection|keep-alive|transfer-encoding|content-length)$/i

for (const [version, express] of expressVersions) {
  describe(`recorder under ${version}`, () => {
    let app: Express
    let server: WebServer
    let heads: ResponseHead[]
    let bodies: Buffer[]
    let room: number | undefined

    beforeEach(async () => {
      app = express()
      app.set('env', 'test')
      server = await WebServer.start(app)
      heads = []
      bodies = []
      room = 2 ** 20
    })

    afterEach(() => server.close())

    function listen(res: ServerResponse): void {
      record(res, {
        onHead: (head) => {
          heads.push(head)
          return { room }
        },
        onDone: (body) => {
          if (body !== undefined) bodies.push(body)
        },
      })
    }

    /** The same route twice: as it is, and with a recorder listening. */
    async function compare(route: Route): Promise<{ plain: Answer; recorded: Answer }> {
      app.get('/plain', route)
      app.get(
        '/recorded',
        (_req, res, next) => {
          listen(res)
          next()
        },
        route,
      )
      return { plain: await server.get('/plain'), recorded: await server.get('/recorded') }
    }

    describe('whichever way a response is sent', () => {
      for (const [way, route] of waysOfSending) {
        it(`${way}: the client gets what it would have got`, async () => {
          const { plain, recorded } = await compare(route)
          expect(withoutDate(recorded)).to.deep.equal(withoutDate(plain))
        })

        it(`${way}: the recording is what the client got`, async () => {
          const { recorded } = await compare(route)
          expect(bodies).to.have.length(1)
          expect(bodies[0]?.equals(recorded.body)).to.be.true
          expect(heads).to.have.length(1)
          const [head] = heads
          expect(head?.status).to.equal(recorded.status)
          expect(head?.statusMessage).to.be.oneOf(['', recorded.statusMessage])
          expect(linesOf(head).filter(isGiven)).to.deep.equal(recorded.lines.filter(isGiven))
        })
      }
    })

    it('takes repeated lines from the flat form of writeHead', async () => {
      const { recorded } = await compare((_req, res) => {
        res.writeHead(200, ['Link', '<a>', 'Link', '<b>']).end()
      })
      expect(linesOf(heads[0])).to.deep.include.members([
        ['Link', '<a>'],
        ['Link', '<b>'],
      ])
      expect(recorded.lines).to.deep.include.members([
        ['Link', '<a>'],
        ['Link', '<b>'],
      ])
    })

    it('takes the nested pairs of writeHead', async () => {
      const { recorded } = await compare((_req, res) => {
        const pairs = [
          ['X-One', '1'],
          ['X-Two', '2'],
        ] as unknown as string[]
        res.writeHead(200, pairs).end()
      })
      expect(linesOf(heads[0])).to.deep.include.members([
        ['X-One', '1'],
        ['X-Two', '2'],
      ])
      expect(recorded.headers).to.include({ 'x-one': '1', 'x-two': '2' })
    })

    it('tells of the head before it is sent, so that a field can still be added', async () => {
      app.get('/', (_req, res) => {
        record(res, {
          onHead: () => {
            res.setHeader('X-Late', 'in time')
            return {}
          },
          onDone: (body) => {
            if (body !== undefined) bodies.push(body)
          },
        })
        res.write('x')
        res.end()
      })
      expect((await server.get('/')).headers['x-late']).to.equal('in time')
      expect(bodies).to.be.empty
    })

    it('gives the head to the client before the body is complete', async () => {
      let finish = (): void => undefined
      app.get('/', (_req, res) => {
        listen(res)
        res.write('first')
        finish = () => res.end('last')
      })
      const asked = get(`${server.url}/`)
      const [response] = (await once(asked, 'response')) as [NodeJS.ReadableStream]
      const [chunk] = (await once(response, 'data')) as [Buffer]
      expect(String(chunk)).to.equal('first')
      finish()
      await once(response, 'end')
      await server.idle()
      expect(String(bodies[0])).to.equal('firstlast')
    })

    it('answers write with whether the socket takes more, and passes drain on', async () => {
      const events: unknown[] = []
      app.get('/', (_req, res) => {
        listen(res)
        events.push(res.write(Buffer.alloc(8 * 2 ** 20)))
        res.once('drain', () => {
          events.push('drain')
          res.end()
        })
      })
      await server.get('/')
      expect(events).to.deep.equal([false, 'drain'])
    })

    it('keeps a body of exactly as many bytes as are wanted', async () => {
      room = 5
      await compare((_req, res) => res.end('12345'))
      expect(bodies.map(String)).to.deep.equal(['12345'])
    })

    it('sends a body of more bytes than are wanted unharmed, and keeps none of it', async () => {
      room = 5
      const { recorded } = await compare((_req, res) => {
        res.write('123')
        res.write('456')
        res.end('7')
      })
      expect(recorded.text).to.equal('1234567')
      expect(bodies).to.be.empty
    })

    it('keeps nothing of a response whose client has gone, though the route ends it afterwards', async () => {
      let response: ServerResponse | undefined
      app.get('/', (_req, res) => {
        listen(res)
        response = res
        res.write('half')
        res.once('close', () => res.end())
      })
      const asked = get(`${server.url}/`).on('error', () => undefined)
      await once(asked, 'response')
      asked.destroy()
      await server.idle()
      await eventually(() => response?.writableEnded === true)
      expect(bodies).to.be.empty
    })

    it('keeps nothing of a response that the route destroys', async () => {
      app.get('/', (_req, res) => {
        listen(res)
        res.write('half')
        res.destroy()
      })
      await server.get('/').catch(() => undefined)
      await server.idle()
      expect(bodies).to.be.empty
    })

    it('puts its functions over those it finds, so that an outer wrapper still acts', async () => {
      const calls: string[] = []
      app.get('/', (_req, res) => {
        const { writeHead, write, end } = res
        res.writeHead = function (...args: unknown[]) {
          calls.push('writeHead')
          return Reflect.apply(writeHead, res, args) as typeof res
        } as typeof res.writeHead
        res.write = function (...args: unknown[]) {
          calls.push('write')
          return Reflect.apply(write, res, args) as boolean
        } as typeof res.write
        res.end = function (...args: unknown[]) {
          calls.push('end')
          return Reflect.apply(end, res, args) as typeof res
        } as typeof res.end
        listen(res)
        res.write('a')
        res.end('b')
      })
      await server.get('/')
      expect(calls).to.deep.equal(['writeHead', 'write', 'end'])
      expect(bodies.map(String)).to.deep.equal(['ab'])
    })

    it('records bytes once where an outer wrapper writes what its end is given', async () => {
      app.get('/', (_req, res) => {
        const { end } = res
        res.end = function (chunk: unknown) {
          res.write(chunk)
          return Reflect.apply(end, res, []) as typeof res
        } as typeof res.end
        listen(res)
        res.end('all of it')
      })
      expect((await server.get('/')).text).to.equal('all of it')
      expect(bodies.map(String)).to.deep.equal(['all of it'])
    })

    it('records what the route made where an outer wrapper encodes it', async () => {
      app.get('/', (_req, res) => {
        const { end, writeHead } = res
        res.writeHead = function (status: number) {
          res.setHeader('Content-Encoding', 'reversed')
          return Reflect.apply(writeHead, res, [status])
        } as typeof res.writeHead
        res.end = function (chunk: unknown) {
          res.writeHead(res.statusCode)
          return Reflect.apply(end, res, [String(chunk).split('').reverse().join('')]) as typeof res
        } as typeof res.end
        listen(res)
        res.end('abc')
      })
      const { text, headers } = await server.get('/')
      expect({ text, encoding: headers['content-encoding'] }).to.deep.equal({
        text: 'cba',
        encoding: 'reversed',
      })
      expect(bodies.map(String)).to.deep.equal(['abc'])
      expect(linesOf(heads[0]).map(([name]) => name)).not.to.include('Content-Encoding')
    })

    it('keeps nothing where an outer wrapper sets a cookie while the head is being sent', async () => {
      app.get('/', (_req, res) => {
        const { writeHead } = res
        res.writeHead = function (...args: unknown[]) {
          res.setHeader('Set-Cookie', 'session=1')
          return Reflect.apply(writeHead, res, args) as typeof res
        } as typeof res.writeHead
        listen(res)
        res.send('hello')
      })
      expect((await server.get('/')).headers['set-cookie']).to.deep.equal(['session=1'])
      expect(heads).to.have.length(1)
      expect(bodies).to.be.empty
    })

    it('lets a second writeHead fail as it does without', async () => {
      let failure: unknown
      await compare((_req, res) => {
        res.writeHead(200)
        try {
          res.writeHead(500)
        } catch (error) {
          failure = error
        }
        res.end('x')
      })
      expect(failure).to.have.property('code', 'ERR_HTTP_HEADERS_SENT')
      expect(heads).to.have.length(1)
    })

    it('lets a write of what is no chunk fail before the head is sent, as it does without', async () => {
      const { plain, recorded } = await compare((_req, res) => res.write(42))
      expect(plain.status).to.equal(500)
      expect(recorded.status).to.equal(500)
    })

    it('records the error page and not the head that could not be sent before it', async () => {
      app.get('/', (_req, res) => {
        listen(res)
        res.statusMessage = 'not Latin: \u4e2d'
        res.write('never sent')
      })
      const answer = await server.get('/')
      expect(answer.status).to.equal(500)
      expect(heads.at(-1)?.status).to.equal(500)
      expect(bodies.map(String)).to.deep.equal([answer.text])
    })
  })
}

describe('fieldsOf', () => {
  it('gives the fields of a response in their order, names as they were written', async () => {
    let fields: unknown
    const server = await WebServer.start((_req, res) => {
      res.setHeader('X-b', '1').setHeader('x-A', ['2', '3']).setHeader('Content-Length', 0)
      fields = fieldsOf(res)
      res.end()
    })
    await server.get('/')
    await server.close()
    expect(fields).to.deep.equal([
      ['X-b', '1'],
      ['x-A', ['2', '3']],
      ['Content-Length', '0'],
    ])
  })
})

function withoutDate({ lines, status, statusMessage, body }: Answer) {
  return {
    status,
    statusMessage,
    body: body.toString('hex'),
    lines: lines.filter(([name]) => name !== 'Date'),
  }
}

function linesOf(head: ResponseHead | undefined): (readonly [string, string])[] {
  return (head?.fields ?? []).flatMap(([name, value]) =>
    [value].flat().map((line) => [name, String(line)] as const),
  )
}

function isGiven([name]: readonly [string, string]): boolean {
  return !ADDED.test(name)
}
