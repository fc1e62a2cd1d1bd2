import { expect } from 'chai'
import { freshnessOf } from '../../lib/http/freshness'
import type { Freshness, FreshnessOptions } from '../../lib/http/freshness'
import type { FieldValue, Recording } from '../../lib/http/recording'
import { cacheDirectives } from '../../lib/http/targeted-cache-control'

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
      ['an Expires before Date is stale for as long as that', { Expires: at(-1) }, -1],
      ['the Age it came with is taken off', { 'Cache-Control': 'max-age=60', Age: '20' }, 40],
      ['an Age that was set as a number is taken off', { 'Cache-Control': 'max-age=60', Age: 20 }, 40],
      [
        'an Age beyond the lifetime is how long it has been stale',
        { 'Cache-Control': 'max-age=60', Age: '90' },
        -30,
      ],
      ['an Age that cannot be read counts as 0', { 'Cache-Control': 'max-age=60', Age: 'old' }, 60],
      ['a quoted max-age counts', { 'Cache-Control': 'max-age="60"' }, 60],
      ['max-age over several lines counts', { 'Cache-Control': ['public', 'max-age=60'] }, 60],
    ]
    for (const [what, fields, seconds] of declared) {
      it(what, () => {
        expect(of(fields)).to.include({ freshForMs: seconds * 1000, declaredBy: 'route' })
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
        expect(of({ 'Cache-Control': lifetime })).to.include({ freshForMs: 0, declaredBy: 'route' })
      })
    }

    for (const expires of ['0', '-1', '', 'tomorrow', '3600', '2999', '2999-01-01T00:00:00Z']) {
      it(`Expires: ${JSON.stringify(expires)} (RFC 9111 §5.3)`, () => {
        expect(of({ Expires: expires })).to.include({ freshForMs: 0, declaredBy: 'route' })
      })
    }

    for (const zone of ['UTC', 'EST', '+0000', '']) {
      it(`Expires in the zone ${JSON.stringify(zone)} (RFC 9111 §4.2)`, () => {
        const expires = { Expires: `Thu, 01 Jan 2099 00:00:00 ${zone}` }
        expect(of(expires)).to.include({ freshForMs: 0, declaredBy: 'route' })
      })
    }
  })

  describe('the ttl', () => {
    for (const status of [200, 203, 204, 300, 301, 308]) {
      it(`stands in for status ${String(status)} where the route declares nothing`, () => {
        expect(of({}, { status })).to.include({ freshForMs: TTL_MS, declaredBy: 'ttl' })
      })
    }

    for (const status of [206, 302, 307, 400, 404, 405, 410, 414, 500, 501, 503]) {
      it(`never stands in for status ${String(status)}`, () => {
        expect(of({}, { status })).to.be.undefined
      })
    }

    it('stands in where Cache-Control says nothing of a lifetime', () => {
      expect(of({ 'Cache-Control': 'public, immutable' })).to.include({
        freshForMs: TTL_MS,
        declaredBy: 'ttl',
      })
    })

    it('gives way to what the route declares, longer or shorter', () => {
      expect(of({ 'Cache-Control': 'max-age=1' })).to.include({ freshForMs: 1000, declaredBy: 'route' })
      expect(of({ 'Cache-Control': 'max-age=86400' })).to.include({
        freshForMs: 86_400_000,
        declaredBy: 'route',
      })
    })
  })

  describe('the age that a response comes with (RFC 9111 §4.2.3)', () => {
    const ages: [what: string, fields: Record<string, FieldValue>, seconds: number][] = [
      ['is its Age', { Age: '20' }, 20],
      ['is the first Age of several (§5.1)', { Age: ['20', '40'] }, 20],
      ['is the first Age of a list (§5.1)', { Age: '20, 40' }, 20],
      ['is not an Age that is no whole number (§5.1)', { Age: '20.5' }, 0],
      ['is not a negative Age', { Age: '-20' }, 0],
      ['is by its Date, where that is further back', { Age: '20', Date: at(-30) }, 30],
      ['is not by a Date ahead of us', { Date: at(30) }, 0],
      ['is the greatest there is where the Age is beyond it (§1.2.2)', { Age: '99999999999' }, 2 ** 31],
    ]
    it('is how long the route took, and is taken off what it declares', () => {
      const freshness = of({ 'Cache-Control': 'max-age=60' }, { delayMs: 1500 })
      expect(freshness).to.include({ initialAge: 1.5, freshForMs: 58_500 })
    })

    it('is its Age and how long the route took', () => {
      expect(of({ 'Cache-Control': 'max-age=60', Age: '20' }, { delayMs: 1500 })?.initialAge).to.equal(21.5)
    })

    it('is not how long the route took where its Date is further back', () => {
      expect(of({ 'Cache-Control': 'max-age=60', Date: at(-30) }, { delayMs: 1500 })?.initialAge).to.equal(30)
    })

    it('takes nothing off the ttl', () => {
      expect(of({}, { delayMs: 1500 })).to.include({ initialAge: 1.5, freshForMs: TTL_MS })
    })

    for (const [what, fields, seconds] of ages) {
      it(what, () => {
        expect(of({ 'Cache-Control': 'max-age=60', ...fields })?.initialAge).to.equal(seconds)
      })

      it(`${what}, also under the ttl`, () => {
        expect(of(fields)).to.include({ initialAge: seconds, declaredBy: 'ttl' })
      })
    }
  })

  describe('no-cache', () => {
    it('leaves no time in which it may be used unasked (RFC 9111 §5.2.2.4)', () => {
      expect(of({ 'Cache-Control': 'no-cache, max-age=60' })?.freshForMs).to.equal(0)
      expect(of({ 'Cache-Control': 'no-cache' })?.freshForMs).to.equal(0)
    })

    it('of some fields alone leaves the rest its time', () => {
      expect(of({ 'Cache-Control': 'no-cache="x-a", max-age=60' })?.freshForMs).to.equal(60_000)
    })

    it('in the way of HTTP/1.0 keeps the ttl from standing in, and nothing else (RFC 9111 §5.4)', () => {
      expect(of({ Pragma: 'no-cache' })).to.be.undefined
      expect(of({ Pragma: 'no-cache', 'Cache-Control': 'max-age=60' })?.freshForMs).to.equal(60_000)
    })
  })

  describe('a field that is targeted at such caches (RFC 9213)', () => {
    const targeted: [what: string, fields: Record<string, FieldValue>, seconds: number][] = [
      [
        'comes before Cache-Control',
        { 'CDN-Cache-Control': 'max-age=90', 'Cache-Control': 'max-age=60' },
        90,
      ],
      ['comes before Expires', { 'CDN-Cache-Control': 'max-age=90', Expires: at(30) }, 90],
      [
        'counts though Cache-Control says no-cache',
        { 'CDN-Cache-Control': 'max-age=90', 'Cache-Control': 'no-cache' },
        90,
      ],
      [
        'does not count where it is no dictionary',
        { 'CDN-Cache-Control': 'max-age=90, &', 'Cache-Control': 'max-age=60' },
        60,
      ],
      ['does not count where it is empty', { 'CDN-Cache-Control': '', 'Cache-Control': 'max-age=60' }, 60],
      ['has parameters that do not matter', { 'CDN-Cache-Control': 'max-age=90;a=1;b' }, 90],
      ['has the last of several', { 'CDN-Cache-Control': 'max-age=60, max-age=90' }, 90],
      ['is stale where its lifetime is no Integer', { 'CDN-Cache-Control': 'max-age="90"' }, 0],
      ['is stale where its lifetime is a Decimal', { 'CDN-Cache-Control': 'max-age=90.5' }, 0],
    ]
    for (const [what, fields, seconds] of targeted) {
      it(what, () => {
        expect(of(fields)?.freshForMs).to.equal(seconds * 1000)
      })
    }

    it('leaves it to the ttl where it says nothing of a lifetime, whatever Expires says', () => {
      expect(of({ 'CDN-Cache-Control': 'public', Expires: at(30) })).to.include({ declaredBy: 'ttl' })
    })
  })

  describe('how long it may stand in beyond its life (RFC 5861)', () => {
    const windows = (cacheControl: string, options: Partial<FreshnessOptions> = {}) => {
      const { staleWhileRevalidateMs, staleIfErrorMs } = of({ 'Cache-Control': cacheControl }, options) ?? {}
      return [staleWhileRevalidateMs, staleIfErrorMs]
    }
    const options = { staleWhileRevalidateMs: 5000, staleIfErrorMs: 7000 }

    it('is what the route says', () => {
      expect(windows('max-age=1, stale-while-revalidate=60, stale-if-error=90')).to.deep.equal([
        60_000, 90_000,
      ])
    })

    it('is what the options say where the route says nothing', () => {
      expect(windows('max-age=1', options)).to.deep.equal([5000, 7000])
      expect(windows('max-age=1, stale-if-error=0', options)).to.deep.equal([5000, 0])
    })

    for (const forbidding of ['must-revalidate', 'proxy-revalidate', 'no-cache']) {
      it(`is no time at all where the route says ${forbidding} (RFC 9111 §4.2.4)`, () => {
        const said = `max-age=1, stale-while-revalidate=60, stale-if-error=60, ${forbidding}`
        expect(windows(said, options)).to.deep.equal([0, 0])
      })
    }

    it('is what the route says where it says no-cache of some fields alone (RFC 9111 §5.2.2.4)', () => {
      expect(windows('max-age=1, stale-while-revalidate=60, no-cache="x-a"', options)).to.deep.equal([
        60_000, 7000,
      ])
    })

    it('is under s-maxage what the route itself says, and not the options (RFC 9111 §5.2.2.10)', () => {
      expect(windows('s-maxage=1, stale-while-revalidate=60', options)).to.deep.equal([60_000, 0])
    })
  })

  it('overrides what the route declares where that is asked for', () => {
    const options = { overrideCacheControl: true }
    expect(of({ 'Cache-Control': 'max-age=1' }, options)).to.include({
      freshForMs: TTL_MS,
      declaredBy: 'ttl',
    })
    expect(of({ 'Cache-Control': 'no-cache' }, options)).to.include({ freshForMs: TTL_MS })
    expect(of({ 'Cache-Control': 'max-age=1' }, { ...options, status: 500 })).to.include({ freshForMs: 1000 })
  })

  it('has the ttl for the statuses that are named, and no others', () => {
    const options = { statuses: [404] }
    expect(of({}, { ...options, status: 404 })).to.include({ freshForMs: TTL_MS })
    expect(of({}, { ...options, status: 200 })).to.be.undefined
  })

  it('guesses nothing: without a ttl, a Last-Modified long ago declares no freshness (RFC 9111 §4.2.2)', () => {
    expect(of({ 'Last-Modified': at(-1e8) }, { hasTtl: false })).to.be.undefined
  })
})

function of(
  fields: Record<string, FieldValue>,
  { status = 200, hasTtl = true, delayMs = 0, ...options }: Partial<FreshnessOptions> & Given = {},
): Freshness | undefined {
  const head = { status, statusMessage: '', fields: Object.entries(fields) }
  const response: Recording = { ...head, recordedAt: NOON, delayMs }
  return freshnessOf(response, cacheDirectives(response, ['cdn-cache-control']), {
    ttlMs: hasTtl ? TTL_MS : undefined,
    overrideCacheControl: false,
    statuses: undefined,
    staleWhileRevalidateMs: 0,
    staleIfErrorMs: 0,
    ...options,
  })
}

interface Given {
  status?: number
  hasTtl?: boolean
  delayMs?: number
}

function at(seconds: number): string {
  return new Date(NOON + seconds * 1000).toUTCString()
}
