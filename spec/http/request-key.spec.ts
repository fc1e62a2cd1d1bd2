import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { expect } from 'chai'
import { keyedTargetOf, requestKey } from '../../lib/http/request-key'

describe('requestKey', () => {
  const base = {
    protocol: 'https',
    hostname: 'a.example',
    originalUrl: '/api/timetable?class=3b',
    url: '/api/timetable?class=3b',
  }
  const keyed = (changes: object = {}) => {
    const headers = { host: 'a.example' }
    const req = Object.assign(new IncomingMessage(new Socket()), { headers }, base, changes)
    return keyedTargetOf(req, req.headers)
  }
  const of = (changes: object = {}, scope?: string | number) => requestKey(keyed(changes).target, { scope })

  it('is the same for the same request', () => {
    expect(of()).to.equal(of())
  })

  it('does not depend on where in the application the route is mounted', () => {
    const mounted = { baseUrl: '/api', url: '/timetable?class=3b' }
    const mountedThere = { baseUrl: '/api/timetable', url: '/?class=3b' }
    expect([of(mounted), of(mountedThere)]).to.deep.equal([of(), of()])
  })

  it('differs where somebody has rewritten the URL that the router goes by', () => {
    expect(of({ url: '/admin' })).not.to.equal(of())
    expect(of({ url: '/admin' })).not.to.equal(of({ originalUrl: '/admin', url: '/admin' }))
  })

  it('is the same for GET and HEAD, which share one response (RFC 9110 §9.3.2)', () => {
    expect(of({ method: 'HEAD' })).to.equal(of({ method: 'GET' }))
  })

  const spelt: [what: string, one: object, other: object][] = [
    ['case', { hostname: 'A.Example', headers: { host: 'A.Example' } }, {}],
    ['port of https', { headers: { host: 'a.example:443' } }, {}],
    ['port of http', { protocol: 'http', headers: { host: 'a.example:80' } }, { protocol: 'http' }],
  ]
  for (const [what, one, other] of spelt) {
    it(`differs by how the ${what} of a host is spelt, which a route may repeat, but is found again (RFC 9110 §4.2.3)`, () => {
      expect(of(one)).not.to.equal(of(other))
      expect(keyed(one).sentTag).to.equal(keyed(other).sentTag)
    })
  }

  it('differs by a port that is that of another scheme', () => {
    expect(of({ headers: { host: 'a.example:80' } })).not.to.equal(of())
  })

  const different: [what: string, changes: object][] = [
    ['scheme', { protocol: 'http' }],
    ['host name as Express sees it', { hostname: 'b.example' }],
    ['Host header with its port', { headers: { host: 'a.example:8443' } }],
    ['path', { originalUrl: '/api/timetables?class=3b', url: '/api/timetables?class=3b' }],
    ['case of the path', { originalUrl: '/API/timetable?class=3b', url: '/API/timetable?class=3b' }],
    ['query', { originalUrl: '/api/timetable?class=3c', url: '/api/timetable?class=3c' }],
    ['order of the query', { originalUrl: '/api/timetable?a=1&b=2', url: '/api/timetable?a=1&b=2' }],
    ['spelling of the query', { originalUrl: '/api/timetable?class=%33b', url: '/api/timetable?class=%33b' }],
    ['slash at the end', { originalUrl: '/api/timetable/?class=3b', url: '/api/timetable/?class=3b' }],
  ]
  for (const [what, changes] of different) {
    it(`differs by the ${what}`, () => {
      expect(of(changes)).not.to.equal(of())
    })
  }

  it('differs by the order in which a query was sent', () => {
    expect(of({ originalUrl: '/?a=1&b=2', url: '/?a=1&b=2' })).not.to.equal(
      of({ originalUrl: '/?b=2&a=1', url: '/?b=2&a=1' }),
    )
  })

  it('differs by the scope, and from the key without one', () => {
    expect(new Set([of(), of({}, 'ann'), of({}, 'bob')]).size).to.equal(3)
  })

  it('tells the scope 42 from the scope "42"', () => {
    expect(of({}, 42)).not.to.equal(of({}, '42'))
  })

  it('lets no part run into the next', () => {
    expect(of({ originalUrl: '/a', url: '/a' }, 'b')).not.to.equal(
      of({ originalUrl: '/a","string","b', url: '/a","string","b' }),
    )
  })

  it('falls back on the URL of a request that Express has not seen', () => {
    expect(of({ originalUrl: undefined, url: '/a' })).not.to.equal(of({ originalUrl: undefined, url: '/b' }))
  })

  it('shows nothing of the request: neither path, query, host nor scope', () => {
    const key = of({ originalUrl: '/reset?token=s3cr3t', url: '/reset?token=s3cr3t' }, 'ann')
    expect(key).to.match(/^response:[\w-]{43}$/)
    expect(key).not.to.match(/s3cr3t|token|reset|ann|example/)
  })
})

describe('keyedTargetOf', () => {
  const trusting = { get: () => () => true }
  const of = ({ headers, ...changes }: { headers?: object; [property: string]: unknown }): string => {
    const asked = {
      protocol: 'https',
      hostname: 'a.example',
      originalUrl: '/a/b',
      url: '/a/b',
      app: trusting,
    }
    const req = Object.assign(new IncomingMessage(new Socket()), asked, changes, {
      headers: { host: 'a.example', ...headers },
    })
    return keyedTargetOf(req, req.headers).key
  }

  const pairs: readonly (readonly [
    what: string,
    one: Parameters<typeof of>[0],
    other: Parameters<typeof of>[0],
  ])[] = [
    [
      'hosts behind the first one that a trusted proxy names',
      { headers: { 'x-forwarded-host': 'a.example, one' } },
      { headers: { 'x-forwarded-host': 'a.example, other' } },
    ],
    ['Host', {}, { headers: { host: 'b.example' } }],
    ['host name', {}, { hostname: 'b.example' }],
    ['protocol', {}, { protocol: 'http' }],
    ['URL that the router goes by', {}, { url: '/c' }],
    ['place where the router is mounted', { url: '/b', baseUrl: '/a' }, { url: '/b', baseUrl: '/x' }],
  ]
  for (const [what, one, other] of pairs) {
    it(`is another right after one with another ${what}`, () => {
      const [first, second] = [of(one), of(other)]
      expect(second).not.to.equal(first)
      expect([of(one), of(other), of(other)]).to.deep.equal([first, second, second])
    })
  }
})
