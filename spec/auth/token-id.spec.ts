import { createHash } from 'node:crypto'
import { expect } from 'chai'
import fc from 'fast-check'
import { decode, sign } from 'jsonwebtoken'
import { InvalidTokenError } from 'holdfast'
import type { TokenClaims } from 'holdfast'
import { exemptionId, identifyToken, saysTheSame, subjectId } from '../../lib/auth/token-id'

const SECRET = 'a secret that only this spec knows'

const [header = '', payload = '', signature = ''] = sign({ sub: '7' }, SECRET).split('.')

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

  it('is the SHA-256 of jti and issuer as JSON writes them, whatever they contain', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string(),
      fc.constantFrom('"', '\\', '\ud800', '\u2028'),
    )
    fc.assert(
      fc.property(text.filter(Boolean), fc.option(text, { nil: undefined }), (jti, iss) => {
        const asJson = `jti\0${JSON.stringify([iss ?? null, jti])}`
        expect(identifyToken({ jti, iss }).id).to.equal(
          createHash('sha256').update(asJson).digest('hex').slice(0, 32),
        )
      }),
    )
  })

  it('stays the same, and tells issuers apart, while thousands of others are seen', () => {
    const idOf = (number: number, iss: string): string => identifyToken({ jti: String(number), iss }).id
    const first = Array.from({ length: 3000 }, (_, number) => idOf(number, 'one'))
    const ofAnother = first.map((_, number) => idOf(number, 'another'))
    const again = first.map((_, number) => idOf(number, 'one'))
    expect(again).to.deep.equal(first)
    expect(new Set([...first, ...ofAnother]).size).to.equal(6000)
  })

  it('cannot be moved between jti and issuer', () => {
    const ids = [
      { iss: 'a', jti: '","b' },
      { iss: 'a","', jti: 'b' },
      { iss: 'a', jti: 'b' },
    ].map((claims) => identifyToken(claims).id)
    expect(new Set(ids).size).to.equal(3)
  })

  it('is that of all claims where there is no jti', () => {
    const token = sign({ sub: '7', iat: 1 }, SECRET)
    const [header = '', payload = ''] = token.split('.')
    expect(identifyToken(`${header}.${payload}.another`).id).to.equal(identifyToken(token).id)
    for (const other of [{ sub: '7', iat: 2 }, { sub: '7', iat: 1, role: 'admin' }, { iat: 1 }])
      expect(identifyToken(sign(other, SECRET)).id).not.to.equal(identifyToken(token).id)
  })

  it('is the same for all headers: whoever sends a token can make one up', () => {
    const ids = (['HS256', 'HS512'] as const).map(
      (algorithm) => identifyToken(sign({ sub: '7', iat: 1 }, SECRET, { algorithm })).id,
    )
    expect(new Set(ids).size).to.equal(1)
  })

  it('is the same for whatever parses to the same claims', () => {
    const spellings = ['{"sub":"7","a":{"b":1,"c":[2]}}', '{ "a": {"c":[2], "b":1.0}, "sub":"\\u0037" }']
    const ids = spellings.map((text) => identifyToken(`${header}.${base64url(text)}.${signature}`).id)
    expect(new Set(ids).size).to.equal(1)
  })

  for (const jti of ['', 7, null, ['session-7']]) {
    it(`is that of all claims where the jti is ${JSON.stringify(jti)}`, () => {
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

  it('is never that of a subject, nor of another claim with the same value', () => {
    const ids = [
      identifyToken({ jti: '7' }).id,
      subjectId('7'),
      subjectId('8'),
      subjectId('7', 'sid'),
      subjectId('7', 'tenant'),
      exemptionId('7', '7'),
    ]
    expect(new Set(ids).size).to.equal(ids.length)
    for (const id of ids) expect(id).to.match(/^[0-9a-f]{32}$/)
  })

  it('cannot be told from claims without a jti, and the error names the ways out', () => {
    const claims: TokenClaims = { sub: 'alice@example.org', iat: 1 }
    expect(() => identifyToken(claims))
      .to.throw(InvalidTokenError, /no jti.*jsonwebtoken: \{ jwtid \}.*the token itself/)
      .with.property('message')
      .that.does.not.include('alice')
  })

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

describe('A token says the same as verified claims', () => {
  const claims = { sub: '7', iat: 1, roles: ['admin'] }

  it('where it says all of them', () => {
    expect(saysTheSame(sign(claims, SECRET), { ...claims })).to.equal(true)
  })

  const others: [what: string, said: object][] = [
    ['less', { sub: '7', iat: 1 }],
    ['more', { ...claims, more: true }],
    ['something else', { ...claims, roles: ['user'] }],
    ['another time', { ...claims, iat: 2 }],
  ]
  for (const [what, said] of others) {
    it(`not where it says ${what}`, () => {
      expect(saysTheSame(sign(said, SECRET), claims)).to.equal(false)
    })
  }

  it('not where the claims have one that cannot be listed', () => {
    const verified = Object.create({ sub: '8' }, { iat: { value: 1, enumerable: true } }) as TokenClaims
    expect(saysTheSame(sign({ iat: 1 }, SECRET), verified)).to.equal(false)
    expect(saysTheSame(sign({ iat: 1, sub: '8' }, SECRET), verified)).to.equal(true)
  })

  it('not where they have no times, and so are no claims', () => {
    expect(saysTheSame(sign({ sub: '7' }, SECRET, { noTimestamp: true }), { sub: '7' })).to.equal(false)
  })

  it('not where it is none', () => {
    expect(saysTheSame('k3Y', claims)).to.equal(false)
  })
})

function claimsOf(token: string): TokenClaims {
  return decode(token, { json: true }) ?? {}
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url')
}
