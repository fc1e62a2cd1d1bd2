import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { expect } from 'chai'
import { credentialsOf, mayShare, uncovered } from '../../lib/http/who-asks'
import type { CredentialHeader } from '../../lib/http/who-asks'

describe('credentialsOf', () => {
  it('are none of a request that carries nothing of that kind', () => {
    expect(isIdentified(request({ accept: '*/*' }), [])).to.be.false
  })

  for (const header of ['authorization', 'cookie'] as const) {
    it(`are some by the ${header} header, also an empty one`, () => {
      expect(isIdentified(request({ [header]: 'x' }), [])).to.be.true
      expect(isIdentified(request({ [header]: '' }), [])).to.be.true
    })

    it(`passes over the ${header} header where it is to be ignored`, () => {
      expect(isIdentified(request({ [header]: 'x' }), [header])).to.be.false
    })
  }

  for (const name of ['auth', 'user']) {
    it(`are some by req.${name}, whatever it is`, () => {
      for (const value of [{}, 'u1', 0, '', false])
        expect(isIdentified(request({}, { [name]: value }), [])).to.be.true
    })

    it(`are none by a req.${name} that is undefined or null`, () => {
      for (const value of [undefined, null])
        expect(isIdentified(request({}, { [name]: value }), [])).to.be.false
    })

    it(`are some by req.${name} where only the cookie is to be ignored`, () => {
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

describe('mayShare', () => {
  it('lets all share what is public, and those who say nothing of themselves whatever there is (RFC 9111 §3.5)', () => {
    expect(mayShare(['authorization', 'req.user'], 'public')).to.be.true
    expect(mayShare([], 'ttl')).to.be.true
  })

  it('lets those who carry a cookie alone share what the route declares fresh', () => {
    expect(mayShare(['cookie'], 'declared')).to.be.true
    expect(mayShare(['cookie', 'req.user'], 'declared')).to.be.false
    expect(mayShare(['authorization'], 'declared')).to.be.false
  })

  it('lets nobody who is known share what only a ttl keeps', () => {
    expect(mayShare(['cookie'], 'ttl')).to.be.false
  })
})

describe('uncovered', () => {
  it('are the credentials that the response does not vary by', () => {
    expect(uncovered(['authorization', 'cookie'], ['cookie'])).to.deep.equal(['authorization'])
  })

  it('are none that were made from one that it varies by', () => {
    expect(uncovered(['authorization', 'req.user'], ['authorization'])).to.deep.equal([])
    expect(uncovered(['req.user'], ['accept'])).to.deep.equal(['req.user'])
  })
})

function isIdentified(req: IncomingMessage, ignore: readonly CredentialHeader[]): boolean {
  return credentialsOf(req, ignore).length > 0
}

function request(headers: Record<string, string>, found: object = {}): IncomingMessage {
  return Object.assign(new IncomingMessage(new Socket()), { headers }, found)
}
