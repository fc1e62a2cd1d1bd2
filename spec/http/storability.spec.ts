import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { expect } from 'chai'
import type { FieldValue } from '../../lib/http/recording'
import { isIdentified, storabilityOf } from '../../lib/http/storability'
import type { Storability, StorageContext } from '../../lib/http/storability'

const ANYBODY: StorageContext = { ttlMs: 300_000, maxBodyBytes: 1000, isScoped: false, isIdentified: false }
const SOMEBODY: StorageContext = { ...ANYBODY, isIdentified: true }
const OWN_COPY: StorageContext = { ...SOMEBODY, isScoped: true }

describe('storabilityOf', () => {
  it('stores what says nothing about itself for the ttl', () => {
    expect(of({})).to.deep.equal({ isStorable: true, freshForMs: 300_000, isPublic: false })
  })

  it('stores what declares itself fresh for as long as that', () => {
    expect(of({ 'Cache-Control': 'max-age=60' })).to.include({ isStorable: true, freshForMs: 60_000 })
  })

  const refused: [reason: string, fields: Record<string, FieldValue>, source: string][] = [
    ['no-store', { 'Cache-Control': 'max-age=60, No-Store' }, 'RFC 9111 §5.2.2.5'],
    ['private', { 'Cache-Control': 'private, max-age=60' }, 'RFC 9111 §5.2.2.7'],
    ['private', { 'Cache-Control': 'private="x-name", max-age=60' }, 'RFC 9111 §5.2.2.7'],
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

    for (const status of [206, 304, 400, 401, 403, 416, 500, 502, 503, 504, 599]) {
      it(`refuses a ${String(status)}, whatever it declares`, () => {
        const fields = { 'Cache-Control': 'public, max-age=60' }
        expect(of(fields, ANYBODY, status)).to.deep.equal({ isStorable: false, reason: 'status' })
      })
    }

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
        expect(of({ 'Cache-Control': sharing }, SOMEBODY)).to.include({ isStorable: true, isPublic: true })
      })
    }

    it('stores a copy of its own under a scope', () => {
      expect(of({}, OWN_COPY)).to.include({ isStorable: true, isPublic: false })
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

describe('isIdentified', () => {
  it('is false of a request that carries nothing of that kind', () => {
    expect(isIdentified(request({ accept: '*/*' }), [])).to.be.false
  })

  for (const header of ['authorization', 'cookie'] as const) {
    it(`is true by the ${header} header, also an empty one`, () => {
      expect(isIdentified(request({ [header]: 'x' }), [])).to.be.true
      expect(isIdentified(request({ [header]: '' }), [])).to.be.true
    })

    it(`passes over the ${header} header where it is to be ignored`, () => {
      expect(isIdentified(request({ [header]: 'x' }), [header])).to.be.false
    })
  }

  for (const name of ['auth', 'user']) {
    it(`is true by req.${name}, whatever it is`, () => {
      for (const value of [{}, 'u1', 0, '', false])
        expect(isIdentified(request({}, { [name]: value }), [])).to.be.true
    })

    it(`is false by a req.${name} that is undefined or null`, () => {
      for (const value of [undefined, null])
        expect(isIdentified(request({}, { [name]: value }), [])).to.be.false
    })

    it(`is true by req.${name} where only the cookie is to be ignored`, () => {
      expect(isIdentified(request({ cookie: 'a=1' }, { [name]: {} }), ['cookie'])).to.be.true
    })
  }

  it('looks at each credential by itself: to ignore one does not ignore the other', () => {
    const both = request({ cookie: 'a=1', authorization: 'Basic eDp5' })
    expect(isIdentified(both, ['cookie'])).to.be.true
    expect(isIdentified(both, ['authorization'])).to.be.true
    expect(isIdentified(both, ['authorization', 'cookie'])).to.be.false
  })
})

function of(fields: Record<string, FieldValue>, context = ANYBODY, status = 200): Storability {
  const response = { status, statusMessage: '', fields: Object.entries(fields), recordedAt: Date.now() }
  return storabilityOf(response, context)
}

function request(headers: Record<string, string>, found: object = {}): IncomingMessage {
  return Object.assign(new IncomingMessage(new Socket()), { headers }, found)
}
