import { expect } from 'chai'
import { parseCacheControl } from '../../lib/http/cache-control'
import { freshnessOf } from '../../lib/http/freshness'
import type { Freshness } from '../../lib/http/freshness'
import { field } from '../../lib/http/recording'
import type { FieldValue, Recording } from '../../lib/http/recording'

const NOON = Date.UTC(2026, 4, 4, 12)
const TTL_MS = 300_000

describe('freshnessOf', () => {
  describe('what the route declares (RFC 9111 §4.2.1)', () => {
    const declared: [what: string, fields: Record<string, FieldValue>, seconds: number][] = [
      [
        's-maxage comes before max-age and Expires',
        { 'Cache-Control': 'max-age=60, s-maxage=90', Expires: at(30) },
        90,
      ],
      ['s-maxage comes first also where it is 0', { 'Cache-Control': 'max-age=60, s-maxage=0' }, 0],
      ['max-age comes before Expires', { 'Cache-Control': 'max-age=60', Expires: at(30) }, 60],
      ['Expires counts from Date', { Expires: at(90), Date: at(30) }, 60],
      ['Expires counts from when the head was sent where there is no Date', { Expires: at(90) }, 90],
      [
        'Expires counts from when the head was sent where Date cannot be read',
        { Expires: at(90), Date: 'noon' },
        90,
      ],
      ['an Expires before Date is stale', { Expires: at(-1) }, 0],
      ['the Age it came with is taken off', { 'Cache-Control': 'max-age=60', Age: '20' }, 40],
      ['an Age that was set as a number is taken off', { 'Cache-Control': 'max-age=60', Age: 20 }, 40],
      ['an Age beyond the lifetime leaves nothing', { 'Cache-Control': 'max-age=60', Age: '90' }, 0],
      ['an Age that cannot be read counts as 0', { 'Cache-Control': 'max-age=60', Age: 'old' }, 60],
      ['a quoted max-age counts', { 'Cache-Control': 'max-age="60"' }, 60],
      ['max-age over several lines counts', { 'Cache-Control': ['public', 'max-age=60'] }, 60],
    ]
    for (const [what, fields, seconds] of declared) {
      it(what, () => {
        expect(of(fields)).to.deep.equal({ freshForMs: seconds * 1000, declaredBy: 'route' })
      })
    }
  })

  describe('what the route declares in a form that is none is stale, and the ttl does not stand in', () => {
    for (const lifetime of [
      'max-age=',
      'max-age',
      'max-age=-1',
      'max-age=1.5',
      'max-age=soon',
      's-maxage=x, max-age=60',
    ]) {
      it(`${lifetime} (RFC 9111 §4.2.1)`, () => {
        expect(of({ 'Cache-Control': lifetime })).to.deep.equal({ freshForMs: 0, declaredBy: 'route' })
      })
    }

    for (const expires of ['0', '-1', '', 'tomorrow', '3600', '2999', '2999-01-01T00:00:00Z']) {
      it(`Expires: ${JSON.stringify(expires)} (RFC 9111 §5.3)`, () => {
        expect(of({ Expires: expires })).to.deep.equal({ freshForMs: 0, declaredBy: 'route' })
      })
    }
  })

  describe('the ttl', () => {
    for (const status of [200, 203, 204, 300, 301, 308]) {
      it(`stands in for status ${String(status)} where the route declares nothing`, () => {
        expect(of({}, { status })).to.deep.equal({ freshForMs: TTL_MS, declaredBy: 'ttl' })
      })
    }

    for (const status of [206, 302, 307, 400, 404, 405, 410, 414, 500, 501, 503]) {
      it(`never stands in for status ${String(status)}`, () => {
        expect(of({}, { status })).to.be.undefined
      })
    }

    it('stands in where Cache-Control says nothing of a lifetime', () => {
      expect(of({ 'Cache-Control': 'public, immutable' })).to.deep.equal({
        freshForMs: TTL_MS,
        declaredBy: 'ttl',
      })
    })

    it('gives way to what the route declares, longer or shorter', () => {
      expect(of({ 'Cache-Control': 'max-age=1' })).to.deep.equal({ freshForMs: 1000, declaredBy: 'route' })
      expect(of({ 'Cache-Control': 'max-age=86400' })).to.deep.equal({
        freshForMs: 86_400_000,
        declaredBy: 'route',
      })
    })
  })

  it('guesses nothing: without a ttl, a Last-Modified long ago declares no freshness (RFC 9111 §4.2.2)', () => {
    expect(of({ 'Last-Modified': at(-1e8) }, { hasTtl: false })).to.be.undefined
  })
})

function of(
  fields: Record<string, FieldValue>,
  { status = 200, hasTtl = true }: { status?: number; hasTtl?: boolean } = {},
): Freshness | undefined {
  const response: Recording = { status, statusMessage: '', fields: Object.entries(fields), recordedAt: NOON }
  return freshnessOf(
    response,
    parseCacheControl(field(response, 'cache-control')),
    hasTtl ? TTL_MS : undefined,
  )
}

function at(seconds: number): string {
  return new Date(NOON + seconds * 1000).toUTCString()
}
