import { expect } from 'chai'
import type { FieldValue } from '../../lib/http/recording'
import { storabilityOf } from '../../lib/http/storability'
import type { Storability, StorageContext, StorageOptions, Terms } from '../../lib/http/storability'

type Given = StorageContext & StorageOptions

const ANYBODY: Given = {
  ttlMs: 300_000,
  overrideCacheControl: false,
  statuses: undefined,
  staleWhileRevalidateMs: 0,
  staleIfErrorMs: 0,
  maxBodyBytes: 1000,
  targetedFields: [],
  setCookie: 'refuse',
  isScoped: false,
  credentials: [],
  vary: [],
  isFailureMeant: () => true,
}
const SOMEBODY: Given = { ...ANYBODY, credentials: ['authorization'] }
const OWN_COPY: Given = { ...SOMEBODY, isScoped: true }

describe('storabilityOf', () => {
  it('stores what says nothing about itself for the ttl', () => {
    expect(termsOf({})).to.nested.include({ 'freshness.freshForMs': 300_000, sharing: 'ttl' })
  })

  it('stores what declares itself fresh for as long as that', () => {
    expect(termsOf({ 'Cache-Control': 'max-age=60' })).to.nested.include({
      'freshness.freshForMs': 60_000,
      sharing: 'declared',
    })
  })

  const refused: [reason: string, fields: Record<string, FieldValue>, source: string][] = [
    ['no-store', { 'Cache-Control': 'max-age=60, No-Store' }, 'RFC 9111 §5.2.2.5'],
    ['private', { 'Cache-Control': 'private, max-age=60' }, 'RFC 9111 §5.2.2.7'],
    ['private', { 'Cache-Control': 'private="", max-age=60' }, 'RFC 9111 §5.2.2.7'],
    ['private', { 'Cache-Control': 'private; x, max-age=60' }, 'RFC 9111 §5.2.2.7'],
    ['no-store', { 'Cache-Control': 'max-age=60, a="b, no-store' }, 'RFC 9111 §5.2'],
    ['no-cache', { 'Cache-Control': 'no-cache, max-age=60' }, 'RFC 9111 §5.2.2.4'],
    ['no-cache', { 'Cache-Control': ['max-age=60', 'no-cache'] }, 'RFC 9111 §5.2.2.4'],
    ['set-cookie', { 'Set-Cookie': 'a=1', 'Cache-Control': 'public, max-age=60' }, 'RFC 9111 §7.3'],
    ['set-cookie', { 'set-cookie': ['a=1', 'b=2'] }, 'RFC 9111 §7.3'],
    ['vary-star', { Vary: '*', 'Cache-Control': 'public, max-age=60' }, 'RFC 9111 §4.1'],
    ['vary-star', { Vary: ['Accept', 'Origin, *'] }, 'RFC 9111 §4.1'],
    ['stale', { 'Cache-Control': 'max-age=0' }, 'RFC 9111 §4.2'],
    ['stale', { 'Cache-Control': 'max-age=60', Age: '60' }, 'RFC 9111 §4.2'],
    ['too-large', { 'Content-Length': '1001' }, 'maxBodyBytes'],
    ['too-large', { 'Content-Length': 1001 }, 'maxBodyBytes'],
  ]
  for (const [reason, fields, source] of refused) {
    it(`refuses ${JSON.stringify(fields)} as ${reason} (${source})`, () => {
      expect(of(fields)).to.deep.equal({ isStorable: false, reason })
    })
  }

  it('stores a body of exactly maxBodyBytes', () => {
    expect(of({ 'Content-Length': '1000' }).isStorable).to.be.true
  })

  it('refuses for want of freshness without a ttl', () => {
    expect(of({}, { ...ANYBODY, ttlMs: undefined })).to.deep.equal({
      isStorable: false,
      reason: 'no-freshness',
    })
  })

  describe('by status', () => {
    for (const status of [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501]) {
      it(`stores a ${String(status)} that declares itself fresh (RFC 9110 §15.1)`, () => {
        expect(of({ 'Cache-Control': 'max-age=60' }, ANYBODY, status).isStorable).to.be.true
      })
    }

    for (const status of [206, 304]) {
      it(`refuses a ${String(status)}, whatever it declares (RFC 9111 §3)`, () => {
        const fields = { 'Cache-Control': 'public, max-age=60' }
        expect(of(fields, ANYBODY, status)).to.deep.equal({ isStorable: false, reason: 'status' })
      })
    }

    for (const status of [201, 299, 302, 303, 307, 400, 403, 429, 499, 500, 502, 503, 504, 599]) {
      it(`stores a ${String(status)} that is itself declared fresh (RFC 9111 §3)`, () => {
        expect(of({ 'Cache-Control': 'max-age=60' }, ANYBODY, status).isStorable).to.be.true
      })
    }

    for (const status of [400, 401, 403, 416, 500, 502, 503, 504, 599]) {
      it(`refuses a ${String(status)} where something else had been declared fresh before it failed`, () => {
        const fields = { 'Cache-Control': 'public, max-age=60' }
        const context = { ...ANYBODY, isFailureMeant: () => false }
        expect(of(fields, context, status)).to.deep.equal({ isStorable: false, reason: 'status' })
      })
    }

    it('stores only the statuses that are named, where some are', () => {
      const context = { ...ANYBODY, statuses: [404] }
      expect(of({ 'Cache-Control': 'max-age=60' }, context, 200)).to.include({ reason: 'status' })
      expect(of({}, context, 404).isStorable).to.be.true
    })

    it('stores no-store where it must be understood and is (RFC 9111 §5.2.2.3)', () => {
      const fields = { 'Cache-Control': 'max-age=60, must-understand, no-store' }
      expect(of(fields).isStorable).to.be.true
      expect(of(fields, ANYBODY, 299)).to.deep.equal({ isStorable: false, reason: 'status' })
    })

    for (const status of [404, 405, 410, 414, 501]) {
      it(`refuses a ${String(status)} that only the ttl would keep`, () => {
        expect(of({}, ANYBODY, status)).to.deep.equal({ isStorable: false, reason: 'no-freshness' })
      })
    }
  })

  describe('for a request that says who asks', () => {
    it('refuses what the route declares fresh without a word of sharing (RFC 9111 §3.5)', () => {
      const fields = { 'Cache-Control': 'max-age=60' }
      expect(of(fields, SOMEBODY)).to.deep.equal({ isStorable: false, reason: 'credential' })
    })

    it('refuses what only the ttl would keep', () => {
      expect(of({}, SOMEBODY)).to.deep.equal({ isStorable: false, reason: 'credential' })
    })

    for (const sharing of ['public', 's-maxage=60', 'PUBLIC, max-age=60']) {
      it(`stores what the route shares by ${sharing} (RFC 9111 §3.5)`, () => {
        expect(termsOf({ 'Cache-Control': sharing }, SOMEBODY)).to.include({ sharing: 'public' })
      })
    }

    it('stores a copy of its own under a scope', () => {
      expect(termsOf({}, OWN_COPY)).to.include({ sharing: 'ttl' })
    })

    it('stores what is private under a scope, which is whose it is', () => {
      expect(of({ 'Cache-Control': 'private, max-age=60' }, OWN_COPY).isStorable).to.be.true
    })

    for (const fields of [{ 'Cache-Control': 'no-store' }, { 'Set-Cookie': 'a=1' }, { Vary: '*' }]) {
      it(`refuses ${JSON.stringify(fields)} under a scope too`, () => {
        expect(of(fields, OWN_COPY).isStorable).to.be.false
      })
    }
  })
})

describe('fields that the route keeps from caches', () => {
  for (const name of ['private', 'no-cache']) {
    it(`are left out, and the rest is stored, by ${name}="…" (RFC 9111 §5.2.2)`, () => {
      const fields = { 'Cache-Control': `max-age=60, ${name}="X-A, x-b"` }
      expect(termsOf(fields)?.withoutFields).to.deep.equal(['x-a', 'x-b'])
    })
  }

  it('may be the cookie, which then is no reason to refuse', () => {
    const fields = { 'Cache-Control': 'max-age=60, private="Set-Cookie"', 'Set-Cookie': 'a=1' }
    expect(termsOf(fields)?.withoutFields).to.deep.equal(['set-cookie'])
  })

  it('are the cookie where it is to be stripped', () => {
    const terms = termsOf({ 'Set-Cookie': 'a=1' }, { ...ANYBODY, setCookie: 'strip' })
    expect(terms?.withoutFields).to.deep.equal(['set-cookie'])
  })
})

describe('what is stale from the beginning', () => {
  const fields = { 'Cache-Control': 'no-cache', ETag: '"a"' }

  it('is stored to be validated, if it can be', () => {
    expect(termsOf(fields)?.freshness).to.include({ freshForMs: 0 })
    expect(termsOf({ 'Cache-Control': 'max-age=0', 'Last-Modified': 'x' })?.freshness).to.include({
      freshForMs: 0,
    })
  })

  for (const window of ['stale-if-error', 'stale-while-revalidate']) {
    it(`is stored to stand in within its ${window} (RFC 5861)`, () => {
      expect(termsOf({ 'Cache-Control': `max-age=0, ${window}=60` })?.freshness).to.include({ freshForMs: 0 })
    })

    it(`is not stored where its ${window} was over when it came (RFC 5861)`, () => {
      const late = { 'Cache-Control': `max-age=10, ${window}=60`, Age: '70' }
      expect(of(late)).to.deep.equal({ isStorable: false, reason: 'stale' })
      expect(termsOf({ ...late, Age: '69' })?.freshness).to.include({ freshForMs: -59_000 })
    })
  }

  it('is not stored where its status is not that for which a 304 stands (RFC 9110 §15.4.5)', () => {
    expect(of(fields, ANYBODY, 404)).to.deep.equal({ isStorable: false, reason: 'no-cache' })
  })

  it('is not stored for a request that carries a cookie', () => {
    expect(of(fields, { ...ANYBODY, credentials: ['cookie'] })).to.include({ reason: 'credential' })
  })
})

function termsOf(fields: Record<string, FieldValue>, context = ANYBODY): Terms | undefined {
  const storability = of(fields, context)
  return storability.isStorable ? storability.terms : undefined
}

function of(fields: Record<string, FieldValue>, context = ANYBODY, status = 200): Storability {
  const response = { status, statusMessage: '', fields: Object.entries(fields), recordedAt: Date.now() }
  return storabilityOf(response, context, context)
}
