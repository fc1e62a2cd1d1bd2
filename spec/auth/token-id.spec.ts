import { expect } from 'chai'
import { decode, sign } from 'jsonwebtoken'
import { InvalidTokenError } from 'holdfast'
import type { TokenClaims } from 'holdfast'
import { identifyToken, subjectId } from '../../lib/auth/token-id'

const SECRET = 'a secret that only this spec knows'

describe('The id of a token', () => {
  it('is the same for a token with a jti and for its claims', () => {
    const token = sign({ jti: 'session-7', iss: 'school', sub: '7' }, SECRET)
    expect(identifyToken(token).id).to.equal(identifyToken(claimsOf(token)).id)
  })

  it('is that of the jti, whatever else the token says', () => {
    const first = sign({ jti: 'session-7', sub: '7', iat: 1 }, SECRET)
    const second = sign({ jti: 'session-7', sub: '8', iat: 2 }, SECRET, { algorithm: 'HS512' })
    expect(identifyToken(first).id).to.equal(identifyToken(second).id)
  })

  it('tells the same jti of two issuers apart, and of none', () => {
    const ids = [
      { jti: 'session-7', iss: 'school' },
      { jti: 'session-7', iss: 'library' },
      { jti: 'session-7', iss: '' },
      { jti: 'session-7' },
    ].map((claims) => identifyToken(claims).id)
    expect(new Set(ids).size).to.equal(4)
  })

  it('cannot be moved between jti and issuer', () => {
    const ids = [
      { iss: 'a', jti: '","b' },
      { iss: 'a","', jti: 'b' },
      { iss: 'a', jti: 'b' },
    ].map((claims) => identifyToken(claims).id)
    expect(new Set(ids).size).to.equal(3)
  })

  it('is that of header and payload where there is no jti', () => {
    const token = sign({ sub: '7', iat: 1 }, SECRET)
    const [header, payload] = token.split('.')
    expect(identifyToken(`${String(header)}.${String(payload)}.another`).id).to.equal(identifyToken(token).id)
    expect(identifyToken(sign({ sub: '7', iat: 2 }, SECRET)).id).not.to.equal(identifyToken(token).id)
    const otherHeader = sign({ sub: '7', iat: 1 }, SECRET, { algorithm: 'HS512' })
    expect(identifyToken(otherHeader).id).not.to.equal(identifyToken(token).id)
  })

  for (const jti of ['', 7, null, ['session-7']]) {
    it(`is that of header and payload where the jti is ${JSON.stringify(jti)}`, () => {
      const [first, second] = [1, 2].map((iat) => identifyToken(sign({ jti, sub: '7', iat }, SECRET)).id)
      expect(first).to.be.a('string').and.not.equal(second)
    })
  }

  it('is a digest of 128 bits, in which neither jti nor issuer can be read', () => {
    const { id } = identifyToken({ jti: 'session-7', iss: 'school' })
    expect(id).to.match(/^[0-9a-f]{32}$/)
  })

  it('comes with the claims that the token carries', () => {
    const token = sign({ sub: '7', iat: 1, exp: 2 }, SECRET)
    expect(identifyToken(token).claims).to.deep.equal({ sub: '7', iat: 1, exp: 2 })
  })

  it('is never that of a subject', () => {
    expect(subjectId('7'))
      .to.match(/^subject:[0-9a-f]{32}$/)
      .and.not.equal(subjectId('8'))
    expect(identifyToken({ jti: '7' }).id).not.to.equal(subjectId('7'))
  })

  it('cannot be told from claims without a jti, and the error names the ways out', () => {
    const claims: TokenClaims = { sub: 'alice@example.org', iat: 1 }
    expect(() => identifyToken(claims))
      .to.throw(InvalidTokenError, /no jti.*jsonwebtoken: \{ jwtid \}.*the token itself/)
      .with.property('message')
      .that.does.not.include('alice')
  })

  const [header = '', payload = '', signature = ''] = sign({ sub: '7' }, SECRET).split('.')
  const garbage: Record<string, unknown> = {
    'an empty string': '',
    'an opaque token': 'k3Y-that-opens-the-house',
    'a token without a signature': `${header}.${payload}.`,
    'two parts': `${header}.${payload}`,
    'four parts': `${header}.${payload}.${signature}.${signature}`,
    'an encrypted token of five parts': `${header}..${payload}.${signature}.${signature}`,
    'a payload that is no JSON': `${header}.k3Ythatopensthehouse.${signature}`,
    'a payload that is no object': `${header}.${base64url('"k3Y-that-opens-the-house"')}.${signature}`,
    'a payload that is an array': `${header}.${base64url('["k3Y-that-opens-the-house"]')}.${signature}`,
    'a header with its scheme': `Bearer ${header}`,
    undefined,
    null: null,
    'a number': 7,
    'an array': ['k3Y-that-opens-the-house'],
    'a function': () => 'k3Y-that-opens-the-house',
  }
  for (const [what, given] of Object.entries(garbage)) {
    it(`does not exist for ${what}, and the error does not show it`, () => {
      const attempt = () => identifyToken(given as string)
      expect(attempt).to.throw(InvalidTokenError).with.property('code', 'invalid_token')
      expect(attempt).not.to.throw(/k3Y|eyJ/)
    })
  }
})

function claimsOf(token: string): TokenClaims {
  return decode(token, { json: true }) ?? {}
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url')
}
