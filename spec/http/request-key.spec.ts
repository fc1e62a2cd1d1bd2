import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { expect } from 'chai'
import { requestKey } from '../../lib/http/request-key'

describe('requestKey', () => {
  const base = {
    protocol: 'https',
    hostname: 'a.example',
    originalUrl: '/api/timetable?class=3b',
    url: '/timetable',
  }
  const of = (changes: object = {}, scope?: string | number) =>
    requestKey(
      Object.assign(new IncomingMessage(new Socket()), { headers: { host: 'a.example' } }, base, changes),
      scope,
    )

  it('is the same for the same request', () => {
    expect(of()).to.equal(of())
  })

  it('does not depend on where in the application the route is mounted', () => {
    expect(of({ url: '/' })).to.equal(of())
  })

  it('is the same for GET and HEAD, which share one response (RFC 9110 §9.3.2)', () => {
    expect(of({ method: 'HEAD' })).to.equal(of({ method: 'GET' }))
  })

  const different: [what: string, changes: object][] = [
    ['scheme', { protocol: 'http' }],
    ['host name as Express sees it', { hostname: 'b.example' }],
    ['Host header with its port', { headers: { host: 'a.example:8443' } }],
    ['path', { originalUrl: '/api/timetables?class=3b' }],
    ['case of the path', { originalUrl: '/API/timetable?class=3b' }],
    ['query', { originalUrl: '/api/timetable?class=3c' }],
    ['order of the query', { originalUrl: '/api/timetable?a=1&b=2' }],
    ['spelling of the query', { originalUrl: '/api/timetable?class=%33b' }],
    ['slash at the end', { originalUrl: '/api/timetable/?class=3b' }],
  ]
  for (const [what, changes] of different) {
    it(`differs by the ${what}`, () => {
      expect(of(changes)).not.to.equal(of())
    })
  }

  it('differs by the order in which a query was sent', () => {
    expect(of({ originalUrl: '/?a=1&b=2' })).not.to.equal(of({ originalUrl: '/?b=2&a=1' }))
  })

  it('differs by the scope, and from the key without one', () => {
    expect(new Set([of(), of({}, 'ann'), of({}, 'bob')]).size).to.equal(3)
  })

  it('tells the scope 42 from the scope "42"', () => {
    expect(of({}, 42)).not.to.equal(of({}, '42'))
  })

  it('lets no part run into the next', () => {
    expect(of({ originalUrl: '/a' }, 'b')).not.to.equal(of({ originalUrl: '/a","string","b' }))
  })

  it('falls back on the URL of a request that Express has not seen', () => {
    expect(of({ originalUrl: undefined, url: '/a' })).not.to.equal(of({ originalUrl: undefined, url: '/b' }))
  })

  it('shows nothing of the request: neither path, query, host nor scope', () => {
    const key = of({ originalUrl: '/reset?token=s3cr3t' }, 'ann')
    expect(key).to.match(/^response:[\w-]{43}$/)
    expect(key).not.to.match(/s3cr3t|token|reset|ann|example/)
  })
})
