import { expect } from 'chai'
import { parseRange } from '../../lib/http/byte-range'
import { CachedSite, counting, statusOf } from '../support/cached-site'
import { expressVersions } from '../support/express-versions'

describe('parseRange (RFC 9110 §14.1.2)', () => {
  const parts: [range: string, first: number, last: number][] = [
    ['bytes=0-4', 0, 4],
    ['bytes=5-', 5, 9],
    ['bytes=-3', 7, 9],
    ['bytes=-20', 0, 9],
    ['bytes=5-20', 5, 9],
    ['BYTES=0-0', 0, 0],
    ['bytes= 0-4 ', 0, 4],
  ]
  for (const [range, first, last] of parts) {
    it(`${range} of ten bytes is ${String(first)} to ${String(last)}`, () => {
      expect(parseRange(range, 10)).to.deep.equal({ first, last })
    })
  }

  for (const range of ['bytes=10-', 'bytes=10-12', 'bytes=-0']) {
    it(`${range} of ten bytes is nowhere`, () => {
      expect(parseRange(range, 10)).to.equal('unsatisfiable')
    })
  }

  for (const range of [
    'bytes=',
    'bytes=-',
    'bytes=4-2',
    'bytes=a-b',
    'lines=0-1',
    'bytes=0-1,3-4',
    '',
    '0-1',
  ]) {
    it(`${JSON.stringify(range)} is to be ignored`, () => {
      expect(parseRange(range, 10)).to.be.undefined
    })
  }
})

for (const [version, express] of expressVersions) {
  describe(`A part of what is stored, under ${version} (RFC 9110 §14)`, () => {
    let site: CachedSite
    const fields = {
      'Cache-Control': 'max-age=60',
      ETag: '"a"',
      'Last-Modified': 'Mon, 04 May 2026 10:00:00 GMT',
    }

    beforeEach(async () => {
      site = await CachedSite.start(express)
    })

    afterEach(() => site.close())

    it('is answered with 206, its length and where it is from', async () => {
      const spy = site.serve(counting(fields))
      await site.get()
      const part = await site.get({ range: 'bytes=0-2' })
      expect(part).to.include({ status: 206, statusMessage: 'Partial Content', text: 'run' })
      expect(part.headers).to.include({ 'content-range': 'bytes 0-2/5', 'content-length': '3', etag: '"a"' })
      expect(statusOf(part)).to.equal('hit; ttl=60')
      expect(spy.callCount).to.equal(1)
    })

    it('that is nowhere is answered with 416 and how long the whole is', async () => {
      site.serve(counting(fields))
      await site.get()
      const answer = await site.get({ range: 'bytes=9-' })
      expect(answer).to.include({ status: 416, text: '' })
      expect(answer.headers).to.include({ 'content-range': 'bytes */5', 'content-length': '0' })
    })

    const whole: [why: string, headers: Record<string, string>, own?: Record<string, string>][] = [
      ['several parts are asked for', { range: 'bytes=0-1,3-4' }],
      ['the part is asked for in another unit', { range: 'lines=0-1' }],
      ['If-Range names another ETag', { range: 'bytes=0-2', 'if-range': '"b"' }],
      ['If-Range names a weak ETag', { range: 'bytes=0-2', 'if-range': 'W/"a"' }],
      ['If-Range names another date', { range: 'bytes=0-2', 'if-range': 'Mon, 04 May 2026 09:00:00 GMT' }],
      ['the route takes no ranges', { range: 'bytes=0-2' }, { 'Accept-Ranges': 'none' }],
    ]
    for (const [why, headers, own = {}] of whole) {
      it(`gives way to the whole where ${why}`, async () => {
        site.serve(counting({ ...fields, ...own }))
        await site.get()
        expect(await site.get(headers)).to.include({ status: 200, text: 'run 1' })
      })
    }

    for (const ifRange of ['"a"', 'Mon, 04 May 2026 10:00:00 GMT']) {
      it(`is given where If-Range names what is stored: ${ifRange} (RFC 9110 §13.1.5)`, async () => {
        site.serve(counting(fields))
        await site.get()
        expect((await site.get({ range: 'bytes=0-2', 'if-range': ifRange })).status).to.equal(206)
      })
    }

    it('gives way to the whole where the date that If-Range names is that of the response (RFC 9110 §8.8.2.2)', async () => {
      const now = 'Mon, 04 May 2026 12:00:00 GMT'
      site.serve(counting({ ...fields, 'Last-Modified': now }))
      await site.get()
      expect((await site.get({ range: 'bytes=0-2', 'if-range': now })).status).to.equal(200)
    })

    it('comes after If-None-Match (RFC 9110 §13.2.2)', async () => {
      site.serve(counting(fields))
      await site.get()
      expect((await site.get({ range: 'bytes=0-2', 'if-none-match': '"a"' })).status).to.equal(304)
    })

    it('is not for HEAD', async () => {
      site.serve(counting(fields))
      await site.get()
      const head = await site.ask({ method: 'HEAD', headers: { range: 'bytes=0-2' } })
      expect(head.status).to.equal(200)
      expect(head.headers).to.include({ 'content-length': '5' })
    })

    it('is not made of a status other than 200', async () => {
      site.serve(counting({ ...fields }, 404))
      await site.get()
      expect((await site.get({ range: 'bytes=0-2' })).status).to.equal(404)
    })
  })
}
