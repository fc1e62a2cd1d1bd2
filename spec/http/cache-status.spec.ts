import { IncomingMessage, ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { Socket } from 'node:net'
import { expect } from 'chai'
import { setCacheStatus } from '../../lib/http/cache-status'
import type { Handling } from '../../lib/http/cache-status'
import { WebServer } from '../support/web-server'

describe('setCacheStatus', () => {
  const after = (...handlings: Handling[]) => ({
    where(found?: string | string[]) {
      const res = new ServerResponse(new IncomingMessage(new Socket()))
      if (found !== undefined) res.setHeader('Cache-Status', found)
      for (const handling of handlings) setCacheStatus(res, handling)
      return res.getHeader('cache-status')
    },
  })

  const worded: [Handling, string][] = [
    [{ hit: true, ttl: 299 }, 'holdfast; hit; ttl=299'],
    [{ hit: true, ttl: 0 }, 'holdfast; hit; ttl=0'],
    [{ fwd: 'uri-miss' }, 'holdfast; fwd=uri-miss'],
    [{ fwd: 'uri-miss', stored: true }, 'holdfast; fwd=uri-miss; stored'],
    [{ fwd: 'vary-miss', stored: false, detail: 'set-cookie' }, 'holdfast; fwd=vary-miss; detail=set-cookie'],
    [{ fwd: 'bypass', detail: 'range' }, 'holdfast; fwd=bypass; detail=range'],
    [{ fwd: 'method' }, 'holdfast; fwd=method'],
    [{ hit: true, ttl: -3 }, 'holdfast; hit; ttl=-3'],
    [{ fwd: 'stale', fwdStatus: 304, stored: true }, 'holdfast; fwd=stale; fwd-status=304; stored'],
    [{ fwd: 'uri-miss', collapsed: true }, 'holdfast; fwd=uri-miss; collapsed'],
    [{ hit: true, ttl: 1, key: 'response:a' }, 'holdfast; hit; ttl=1; key="response:a"'],
    [{ fwd: 'uri-miss', detail: 'read-req.user' }, 'holdfast; fwd=uri-miss; detail=read-req.user'],
  ]
  for (const [handling, words] of worded) {
    it(`says "${words}" (RFC 9211 §2)`, () => {
      expect(after(handling).where()).to.equal(words)
    })
  }

  it('says how long the first hit of a process has been stale (RFC 9211 §2.3)', () => {
    const path = require.resolve('../../lib/http/cache-status')
    const { [path]: loaded } = require.cache
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- A process of its own would be the same.
    delete require.cache[path]
    const fresh = createRequire(__filename)(path) as { setCacheStatus: typeof setCacheStatus }
    require.cache[path] = loaded
    const res = new ServerResponse(new IncomingMessage(new Socket()))
    fresh.setCacheStatus(res, { hit: true, ttl: -1 })
    expect(fresh.setCacheStatus).not.to.equal(setCacheStatus)
    expect(res.getHeader('cache-status')).to.equal('holdfast; hit; ttl=-1')
  })

  it('stands behind what caches further in have said (RFC 9211 §2)', () => {
    expect(after({ fwd: 'method' }).where('inner; hit')).to.equal('inner; hit, holdfast; fwd=method')
    expect(after({ fwd: 'method' }).where(['a; hit', 'b; hit'])).to.equal(
      'a; hit, b; hit, holdfast; fwd=method',
    )
  })

  it('says the last word alone where it is set more than once', () => {
    const twice = after({ fwd: 'uri-miss' }, { fwd: 'uri-miss', stored: true })
    expect(twice.where()).to.equal('holdfast; fwd=uri-miss; stored')
  })

  it('says the last word alone also behind what another cache has said', () => {
    const twice = after({ fwd: 'uri-miss' }, { fwd: 'uri-miss', stored: true })
    expect(twice.where('inner; hit')).to.equal('inner; hit, holdfast; fwd=uri-miss; stored')
  })

  it('leaves what another of these caches has said, in a process further in (RFC 9211 §2)', () => {
    const upstream = 'holdfast; hit; ttl=3'
    expect(after({ fwd: 'uri-miss' }, { fwd: 'uri-miss', stored: true }).where(upstream)).to.equal(
      'holdfast; hit; ttl=3, holdfast; fwd=uri-miss; stored',
    )
  })

  it('takes a comma within quotes for none between two caches (RFC 9651 §3.1)', () => {
    const upstream = 'holdfast; hit; key="a, \\"b", "CDN, Inc."; hit'
    expect(after({ fwd: 'method' }, { fwd: 'method' }).where(upstream)).to.equal(
      `${upstream}, holdfast; fwd=method`,
    )
  })

  it('says it of a response that lets nothing be added to it', () => {
    const res = Object.preventExtensions(new ServerResponse(new IncomingMessage(new Socket())))
    setCacheStatus(res, { fwd: 'method' })
    expect(res.getHeader('cache-status')).to.equal('holdfast; fwd=method')
  })

  it('says nothing any more once the head has been sent', async () => {
    const server = await WebServer.start((_req, res) => {
      res.write('x')
      setCacheStatus(res, { fwd: 'method' })
      res.end()
    })
    const { status, headers } = await server.get('/')
    await server.close()
    expect(status).to.equal(200)
    expect(headers).not.to.have.property('cache-status')
  })
})
