import { createSecretKey, generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { expect } from 'chai'
import { sign } from 'jsonwebtoken'
import type { SignOptions } from 'jsonwebtoken'
import sinon from 'sinon'
import { InvalidOptionError, TokenRejectedError } from 'holdfast'
import type { VerificationKey, VerifyOptions } from 'holdfast'
import { TokenVerifier } from '../../lib/auth/token-verifier'
import type { VerifiedToken } from '../../lib/auth/verified-tokens'
import { resolveVerifyOptions } from '../../lib/auth/verify-options'
import { rejection } from '../support/rejection'

const SECRET = 'k3Y-a secret that only this spec knows'
const one = generateKeyPairSync('rsa', { modulusLength: 2048 })
const other = generateKeyPairSync('rsa', { modulusLength: 2048 })

describe('A verifier of tokens', () => {
  const withSecret: VerifyOptions = { key: SECRET, algorithms: ['HS256'] }

  function verifier(options: Partial<VerifyOptions> = {}): TokenVerifier {
    return new TokenVerifier(resolveVerifyOptions({ ...withSecret, ...options }))
  }

  function token(options: SignOptions = {}): string {
    return sign({ sub: '7', roles: ['user'] }, SECRET, { expiresIn: '1h', ...options })
  }

  afterEach(() => {
    sinon.restore()
  })

  describe('remembers a token that it has verified', () => {
    it('and gives the same claims, which nobody can change', () => {
      const own = verifier()
      const [first, second] = [own.verify(token()), own.verify(token())] as VerifiedToken[]
      expect(second).to.equal(first)
      expect(first?.token.claims).to.include({ sub: '7' })
      expect(() => {
        ;(first?.token.claims as { roles: string[] }).roles.push('admin')
      }).to.throw(TypeError)
    })

    it('by all that it is: another spelling, or a forgery of it, is verified anew', () => {
      const own = verifier()
      const good = token()
      void own.verify(good)
      for (const forged of [`${good.slice(0, -4)}AAAA`, `${good}A`, good.split('.').slice(0, 2).join('.')])
        expect(() => own.verify(forged)).to.throw(TokenRejectedError)
    })

    it('never past its exp, and the tolerance', () => {
      const clock = sinon.useFakeTimers({ now: Date.now(), toFake: ['Date'] })
      const own = verifier({ clockTolerance: 10 })
      const good = token({ expiresIn: '1m' })
      void own.verify(good)
      clock.tick(68_000)
      void own.verify(good)
      clock.tick(4000)
      expect(() => own.verify(good)).to.throw(TokenRejectedError)
    })

    it('until it is to forget it, or all', () => {
      const own = verifier()
      const good = token()
      const [first] = [own.verify(good)]
      own.forget(good)
      const second = own.verify(good)
      expect(second).not.to.equal(first)
      own.forgetAll()
      expect(own.verify(good)).not.to.equal(second)
    })

    it('up to so many, those that were verified longest ago going first', () => {
      const own = verifier({ rememberTokens: 10 })
      const tokens = Array.from({ length: 11 }, (_, index) => token({ jwtid: String(index) }))
      const first = tokens.map((each) => own.verify(each))
      expect(own.verify(tokens[10] ?? '')).to.equal(first[10])
      expect(own.verify(tokens[1] ?? '')).to.equal(first[1])
      expect(own.verify(tokens[0] ?? '')).not.to.equal(first[0])
    })

    it('not at all where it is not to', () => {
      const own = verifier({ rememberTokens: 0 })
      const good = token()
      expect(own.verify(good)).not.to.equal(own.verify(good))
    })
  })

  describe('takes for a key', () => {
    const pem = String(one.publicKey.export({ type: 'spki', format: 'pem' }))
    const signed = sign({ sub: '7' }, one.privateKey, { algorithm: 'RS256' })
    const keys: Record<string, [given: VerificationKey, algorithm: string, good: string]> = {
      'a secret as a string': [SECRET, 'HS256', token()],
      'a secret as a Buffer': [Buffer.from(SECRET), 'HS256', token()],
      'a secret as a KeyObject': [createSecretKey(Buffer.from(SECRET)), 'HS256', token()],
      'a PEM': [pem, 'RS256', signed],
      'a PEM as a Buffer': [Buffer.from(pem), 'RS256', signed],
      'a JWK': [one.publicKey.export({ format: 'jwk' }), 'RS256', signed],
      'a public KeyObject': [one.publicKey, 'RS256', signed],
      'a private KeyObject, of which it takes the public half': [one.privateKey, 'RS256', signed],
    }
    for (const [what, [key, algorithm, good]] of Object.entries(keys)) {
      it(what, () => {
        const verified = verifier({ key, algorithms: [algorithm] }).verify(good) as VerifiedToken
        expect(verified.token.claims).to.include({ sub: '7' })
      })
    }

    const wrong: Record<string, [key: unknown, algorithm: string]> = {
      'a public key for a secret, with which anybody could sign': [one.publicKey, 'HS256'],
      'a secret for a public key': [createSecretKey(Buffer.from(SECRET)), 'RS256'],
      'text that is no PEM': [SECRET, 'RS256'],
      nothing: [undefined, 'HS256'],
      'an empty string': ['', 'HS256'],
      'an empty Buffer': [Buffer.alloc(0), 'HS256'],
      'an empty KeyObject': [createSecretKey(Buffer.alloc(0)), 'HS256'],
      'a number': [7, 'HS256'],
    }
    for (const [what, [key, algorithm]] of Object.entries(wrong)) {
      it(`not ${what}: that is an error at construction, which does not show it`, () => {
        const attempt = () => verifier({ key, algorithms: [algorithm] } as VerifyOptions)
        expect(attempt).to.throw(InvalidOptionError, /^rejectBlacklisted: verify\.key: expected/)
        expect(attempt).not.to.throw(/k3Y/)
      })
    }
  })

  describe('given a function for the key', () => {
    let known: Record<string, KeyObject>
    let own: TokenVerifier

    beforeEach(() => {
      known = { one: one.publicKey, other: other.publicKey }
      own = verifier({ key: ({ kid = '' }) => Promise.resolve(known[kid]), algorithms: ['RS256'] })
    })

    function signedBy(kid: 'one' | 'other', key = kid === 'one' ? one : other): string {
      return sign({ sub: '7' }, key.privateKey, { algorithm: 'RS256', keyid: kid })
    }

    it('finds it by the kid of the header', async () => {
      expect((await own.verify(signedBy('one'))).token.claims).to.include({ sub: '7' })
      expect((await own.verify(signedBy('other'))).token.claims).to.include({ sub: '7' })
      expect(await refusalOf(signedBy('one', other))).to.be.instanceOf(TokenRejectedError)
    })

    it('refuses what it had verified once the key is gone, or another', async () => {
      const good = signedBy('one')
      await own.verify(good)
      known = { one: other.publicKey }
      expect(await refusalOf(good)).to.be.instanceOf(TokenRejectedError)
      known = {}
      expect(await refusalOf(good)).to.be.instanceOf(TokenRejectedError)
    })

    it('remembers by the same key also where the function makes a new object of it each time', async () => {
      const jwks = verifier({ key: () => one.publicKey.export({ format: 'jwk' }), algorithms: ['RS256'] })
      const good = signedBy('one')
      expect(await jwks.verify(good)).to.equal(await jwks.verify(good))
    })

    it('refuses what has no header to find it by', async () => {
      for (const garbage of ['k3Y', 'bm8.bm8.bm8', 'W10.e30.x'])
        expect(await refusalOf(garbage)).to.be.instanceOf(TokenRejectedError)
    })

    it('refuses a token where the function gives null for the key', async () => {
      const finding = { key: () => null as unknown as undefined, algorithms: ['RS256'] }
      const verified = verifier(finding).verify(signedBy('one'))
      expect(await rejection(Promise.resolve(verified))).to.be.instanceOf(TokenRejectedError)
    })

    for (const empty of ['', Buffer.alloc(0), createSecretKey(Buffer.alloc(0))]) {
      it(`takes no empty secret from it: ${empty.constructor.name}`, async () => {
        const forged = sign({ sub: '7' }, createSecretKey(Buffer.alloc(0)), { algorithm: 'HS256' })
        const verified = verifier({ key: () => empty }).verify(forged)
        expect(await rejection(Promise.resolve(verified)))
          .to.be.instanceOf(InvalidOptionError)
          .and.have.property('message')
          .that.matches(/^rejectBlacklisted: verify\.key: expected a secret that is not empty/)
      })
    }

    it('passes on what the function fails with', async () => {
      const failing = verifier({ key: () => Promise.reject(new Error('no JWKS')), algorithms: ['RS256'] })
      expect(await rejection(Promise.resolve(failing.verify(signedBy('one'))))).to.have.property(
        'message',
        'no JWKS',
      )
    })

    async function refusalOf(token: string): Promise<unknown> {
      return rejection((async () => own.verify(token))())
    }
  })

  const refused: [what: string, options: unknown, message: RegExp][] = [
    ['no algorithms', { algorithms: undefined }, /algorithms: expected an array.*got undefined/],
    ['an empty list of them', { algorithms: [] }, /algorithms: expected an array/],
    ['a key in their place, and does not show it', { algorithms: SECRET }, /algorithms: .*got a string$/],
    ['none for one', { algorithms: ['none'] }, /algorithms: .*got 'none'/],
    ['one that jsonwebtoken does not know', { algorithms: ['EdDSA'] }, /algorithms: .*got 'EdDSA'/],
    ['secrets beside public keys', { algorithms: ['HS256', 'RS256'] }, /either algorithms with a secret/],
    ['an issuer that is none', { issuer: '' }, /issuer: expected a string or an array of strings/],
    ['an audience that is none', { audience: [7] }, /audience: expected a string or an array/],
    ['a negative tolerance', { clockTolerance: -1 }, /clockTolerance: expected a whole number from 0/],
    ['too many to remember', { rememberTokens: 2 ** 24 }, /rememberTokens: expected a whole number from 0/],
    ['a misspelt option', { algorithm: 'HS256' }, /algorithm: unknown option; did you mean 'algorithms'/],
  ]
  for (const [what, options, message] of refused) {
    it(`is not made with ${what}`, () => {
      expect(() => verifier(options as VerifyOptions)).to.throw(InvalidOptionError, message)
    })
  }
})
