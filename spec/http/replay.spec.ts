import { expect } from 'chai'
import { ageOf } from '../../lib/http/answer'
import { remainingMs, replay } from '../../lib/http/replay'
import type { StoredResponse } from '../../lib/http/stored-response'
import { stored } from '../support/stored-response'
import { WebServer } from '../support/web-server'
import type { Answer, Question } from '../support/web-server'

const NOON = Date.UTC(2026, 4, 4, 12)

describe('replay', () => {
  it('sends status, status message, fields and body as they were stored', async () => {
    const body = Buffer.from([0x00, 0xff, 0x0a])
    const answer = await of({
      status: 203,
      statusMessage: 'As ordered',
      fields: [
        ['x-A', ['1', '2']],
        ['X-b', '3'],
      ],
      body,
    })
    expect(answer).to.include({ status: 203, statusMessage: 'As ordered' })
    expect(answer.lines.slice(0, 3)).to.deep.equal([
      ['x-A', '1'],
      ['x-A', '2'],
      ['X-b', '3'],
    ])
    expect(answer.body.equals(body)).to.be.true
  })

  it('sends the usual status message where none was stored', async () => {
    expect((await of({ status: 404 })).statusMessage).to.equal('Not Found')
  })

  it('says when the response was made, and how old it is (RFC 9111 §5.1)', async () => {
    const { headers } = await of({ initialAge: 5 }, { now: NOON + 30_999 })
    expect(headers).to.include({ date: 'Mon, 04 May 2026 12:00:00 GMT', age: '35' })
  })

  it('says how long the body is', async () => {
    const { headers } = await of({ body: Buffer.from('Gr\u00fc\u00dfe') })
    expect(headers['content-length']).to.equal('7')
    expect(headers).not.to.have.property('transfer-encoding')
  })

  it('says no length of a 204, which has no body (RFC 9110 §8.6)', async () => {
    const answer = await of({ status: 204, body: Buffer.alloc(0) })
    expect(answer.status).to.equal(204)
    expect(answer.headers).not.to.have.property('content-length')
  })

  it('answers HEAD with the fields of GET and no body (RFC 9110 §9.3.2)', async () => {
    const answer = await of({ fields: [['ETag', '"a"']] }, { question: { method: 'HEAD' } })
    expect(answer.headers).to.include({ etag: '"a"', 'content-length': '6' })
    expect(answer.text).to.equal('')
  })

  it('sends a Content-Disposition beyond ASCII as it was set, each character a byte', async () => {
    const value = `attachment; filename="${Buffer.from('\u00fc').toString('latin1')}-\u00fc.pdf"`
    const fields = [['Content-Disposition', value] as const]
    for (const question of [{}, { method: 'HEAD' }, { headers: { range: 'bytes=0-1' } }]) {
      expect((await of({ fields }, { question })).headers['content-disposition']).to.equal(value)
    }
  })

  describe('a client that has the response already', () => {
    const question = { headers: { 'if-none-match': '"a"' } }
    const fields = [
      ['ETag', '"a"'],
      ['Cache-Control', 'max-age=60'],
      ['Content-Location', '/elsewhere'],
      ['Expires', 'Mon, 04 May 2026 12:01:00 GMT'],
      ['Vary', 'Accept'],
      ['Content-Type', 'text/plain'],
      ['Content-Encoding', 'identity'],
      ['Content-Language', 'el'],
      ['Content-Length', '6'],
    ] as const

    it('gets a 304 with the fields that belong there (RFC 9110 §15.4.5)', async () => {
      const answer = await of({ statusMessage: 'As ordered', fields }, { question, now: NOON + 1000 })
      expect(answer).to.include({ status: 304, statusMessage: 'Not Modified', text: '' })
      expect(answer.headers).to.include({
        etag: '"a"',
        'cache-control': 'max-age=60',
        'content-location': '/elsewhere',
        expires: 'Mon, 04 May 2026 12:01:00 GMT',
        vary: 'Accept',
        date: 'Mon, 04 May 2026 12:00:00 GMT',
        age: '1',
      })
    })

    for (const name of ['content-type', 'content-encoding', 'content-language', 'content-length']) {
      it(`gets no ${name}, which is about a body`, async () => {
        expect((await of({ fields }, { question })).headers).not.to.have.property(name)
      })
    }

    it('gets a 304 to HEAD too', async () => {
      expect((await of({ fields }, { question: { ...question, method: 'HEAD' } })).status).to.equal(304)
    })
  })

  async function of(
    particulars: Partial<StoredResponse>,
    { question, now = NOON }: { question?: Question; now?: number } = {},
  ): Promise<Answer> {
    const server = await WebServer.start((req, res) => {
      const { method = 'GET', headers } = req
      replay({ method, headers }, res, stored(particulars), now)
    })
    try {
      return await server.ask('/', question)
    } finally {
      await server.close()
    }
  }
})

describe('ageOf (RFC 9111 §4.2.3)', () => {
  it('is the time since the response was made, in whole seconds, and the age it came with', () => {
    const response = stored({ initialAge: 7 })
    expect([0, 999, 1000, 60_500].map((after) => ageOf(response, NOON + after))).to.deep.equal([7, 7, 8, 67])
  })

  it('is never less than the age it came with, though the clock was set back', () => {
    expect(ageOf(stored({ initialAge: 7 }), NOON - 60_000)).to.equal(7)
  })
})

describe('remainingMs', () => {
  it('is how long the response may still be used, below 0 once that is over', () => {
    const response = stored({ freshForMs: 60_000 })
    expect([0, 59_000, 60_000, 60_001].map((after) => remainingMs(response, NOON + after))).to.deep.equal([
      60_000, 1000, 0, -1,
    ])
  })
})
