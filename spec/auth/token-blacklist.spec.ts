import { inspect } from 'node:util'
import { expect } from 'chai'
import { decode, sign, verify } from 'jsonwebtoken'
import type { Jwt, JwtPayload, PublicKey, SignOptions } from 'jsonwebtoken'
import {
  createCache,
  createTokenBlacklist,
  defaultCache,
  HoldfastError,
  InvalidOptionError,
  InvalidTokenError,
  RevocationsUnavailableError,
  setDefaultCache,
  TokenBlacklist,
  tokenBlacklist,
} from 'holdfast'
import type { Cache, RevokeOptions, TokenBlacklistOptions, TokenClaims } from 'holdfast'
import type { BlacklistInstance } from '../support/blacklist-instance'
import { BlacklistInstances, connected, cutOff } from '../support/blacklist-instance'
import { eventually } from '../support/eventually'
import { heapAfter } from '../support/heap'
import { ManualClock } from '../support/manual-clock'
import { RecordingLogger } from '../support/recording-logger'
import { RedisServer } from '../support/redis-server'
import { p256Keys, rsaKeys, withEveryLastCharacter, withTwinSignature } from '../support/signing-keys'
import { useDefaultCache } from '../support/use-default-cache'

const SECRET = 'a secret that only this spec knows'
const HOUR = 3600
const DAY_MS = 24 * HOUR * 1000

describe('A token blacklist', () => {
  let clock: ManualClock
  let caches: Cache[]

  beforeEach(() => {
    clock = new ManualClock('2026-03-01T10:00:00.300Z')
    caches = []
  })

  afterEach(async () => {
    await Promise.all(caches.map((cache) => cache.close()))
  })

  function onMemory(options: TokenBlacklistOptions = {}): TokenBlacklist {
    const cache = createCache({ redis: false, logger: false, clock })
    caches.push(cache)
    return createTokenBlacklist({ cache, ...options })
  }

  /** A token of subject 7 that was issued now and expires in an hour. */
  function token(claims: object = {}, options: SignOptions = {}): string {
    return sign({ sub: '7', iat: clock.seconds, exp: clock.seconds + HOUR, ...claims }, SECRET, options)
  }

  describe('revokes one token', () => {
    it('and refuses no other', async () => {
      const blacklist = onMemory()
      const [one, other] = [token({ jti: 'one' }), token({ jti: 'other' })]
      expect(await blacklist.isRevoked(one)).to.equal(false)
      await blacklist.revoke(one)
      expect(await blacklist.isRevoked(one)).to.equal(true)
      expect(await blacklist.isRevoked(other)).to.equal(false)
    })

    it('by the token or by its claims, which are the same to it', async () => {
      const blacklist = onMemory()
      const [first, second] = [
        token({ jti: 'first', iss: 'school' }),
        token({ jti: 'second', iss: 'school' }),
      ]
      await blacklist.revoke(first)
      await blacklist.revoke(claimsOf(second))
      expect(await blacklist.isRevoked(claimsOf(first))).to.equal(true)
      expect(await blacklist.isRevoked(second)).to.equal(true)
    })

    it('within its issuer', async () => {
      const blacklist = onMemory()
      await blacklist.revoke(token({ jti: '1', iss: 'school' }))
      expect(await blacklist.isRevoked(token({ jti: '1', iss: 'library' }))).to.equal(false)
    })

    it('without a jti, by what is signed', async () => {
      const blacklist = onMemory()
      const revoked = token({ session: 1 })
      await blacklist.revoke(revoked)
      expect(await blacklist.isRevoked(revoked)).to.equal(true)
      expect(await blacklist.isRevoked(token({ session: 2 }))).to.equal(false)
    })

    it('and says that memory has it where there is no Redis', async () => {
      expect(await onMemory().revoke(token())).to.equal('memory')
    })

    it('and notes nothing for a Redis that there is not', async () => {
      const blacklist = onMemory()
      const exp = clock.seconds + HOUR
      const grown = await heapAfter(async () => {
        for (let jti = 0; jti < 10_000; jti += 1) await blacklist.revoke({ jti: String(jti), exp })
      })
      expect(blacklist.count()).to.equal(10_000)
      // In arrays outside of the heap. A note of each is 5 MB.
      expect(grown).to.be.lessThan(2_000_000)
    })

    it('and says that nobody has it once the cache is closed', async () => {
      const blacklist = onMemory()
      await caches[0]?.close()
      expect(await blacklist.revoke(token())).to.equal('none')
    })

    it('in each of the 16 spellings of an RS256 signature that jsonwebtoken accepts', async () => {
      const { privateKey, publicKey } = rsaKeys()
      const original = sign({ sub: '7', exp: clock.seconds + HOUR }, privateKey, { algorithm: 'RS256' })
      const spellings = withEveryLastCharacter(original).filter((spelling) => isAccepted(spelling, publicKey))
      expect(spellings).to.have.lengthOf(16).and.include(original)
      for (const revoked of spellings) {
        const blacklist = onMemory()
        await blacklist.revoke(revoked)
        const answers = await Promise.all(spellings.map((spelling) => blacklist.isRevoked(spelling)))
        expect(answers).to.deep.equal(spellings.map(() => true))
      }
    })

    it('in both signatures that fit an ES256 token', async () => {
      const { privateKey, publicKey } = p256Keys()
      const original = sign({ sub: '7', exp: clock.seconds + HOUR }, privateKey, { algorithm: 'ES256' })
      const twin = withTwinSignature(original)
      expect(twin).not.to.equal(original)
      expect(isAccepted(twin, publicKey)).to.equal(true)
      for (const revoked of [original, twin]) {
        const blacklist = onMemory()
        await blacklist.revoke(revoked)
        expect(await blacklist.isRevoked(original)).to.equal(true)
        expect(await blacklist.isRevoked(twin)).to.equal(true)
      }
    })

    it('not by claims without a jti: the error names the ways out and shows nothing', async () => {
      const claims = { sub: 'alice@example.org', session: 'k3Y', exp: clock.seconds + HOUR }
      for (const attempt of [onMemory().revoke(claims), onMemory().isRevoked(claims)]) {
        const error = await failure(attempt)
        expect(error).to.be.instanceOf(InvalidTokenError)
        expect(error.message)
          .to.include('jti')
          .and.not.match(/alice|k3Y/)
      }
    })

    it('not by what is no token: the error does not show it', async () => {
      for (const given of ['k3Y', 'k3Y.k3Y', `${token()}.k3Y`, ' ', undefined, null, 7, ['k3Y']]) {
        for (const attempt of [onMemory().revoke(given as string), onMemory().isRevoked(given as string)]) {
          const error = await failure(attempt)
          expect(error).to.be.instanceOf(InvalidTokenError)
          expect(error.message).not.to.match(/k3Y|eyJ/)
        }
      }
    })
  })

  describe('refuses a token', () => {
    it('until its exp and the tolerance of the verifier are over', async () => {
      const blacklist = onMemory({ clockTolerance: 10 })
      const revoked = token()
      await blacklist.revoke(revoked)
      clock.advance((HOUR + 10) * 1000 - 301)
      expect(await blacklist.isRevoked(revoked)).to.equal(true)
      clock.advance(1)
      expect(await blacklist.isRevoked(revoked)).to.equal(false)
    })

    it('with a tolerance of a minute, where none is named', async () => {
      const blacklist = onMemory()
      const revoked = token()
      await blacklist.revoke(revoked)
      clock.advance((HOUR + 59) * 1000)
      expect(await blacklist.isRevoked(revoked)).to.equal(true)
      clock.advance(1000)
      expect(await blacklist.isRevoked(revoked)).to.equal(false)
    })

    it('up to a fraction of a second that exp names', async () => {
      const blacklist = onMemory({ clockTolerance: 0 })
      const revoked = token({ exp: clock.seconds + 1.5 })
      await blacklist.revoke(revoked)
      clock.advance(1100)
      expect(await blacklist.isRevoked(revoked)).to.equal(true)
    })

    it('not at all that has expired, and says so', async () => {
      const blacklist = onMemory({ clockTolerance: 10 })
      expect(await blacklist.revoke(token({ exp: clock.seconds - 10 }))).to.equal('none')
      expect(await blacklist.revoke(token({ exp: 0 }))).to.equal('none')
      expect(await blacklist.revoke(token({ exp: clock.seconds - 9 }))).to.equal('memory')
    })

    it('without exp for the lifetime that is named', async () => {
      const blacklist = onMemory()
      const revoked = sign({ sub: '7' }, SECRET)
      expect(await blacklist.revoke(revoked, { lifetime: '30d' })).to.equal('memory')
      clock.advance(30 * DAY_MS - 1000)
      expect(await blacklist.isRevoked(revoked)).to.equal(true)
      clock.advance(2000)
      expect(await blacklist.isRevoked(revoked)).to.equal(false)
    })

    it('without exp not at all where no lifetime is named: that is an error', async () => {
      const error = await failure(onMemory().revoke(sign({ sub: '7' }, SECRET)))
      expect(error).to.be.instanceOf(InvalidTokenError)
      expect(error.message).to.include('no exp').and.include('{ lifetime }')
    })

    it('as long as its exp says, also where a shorter lifetime is named', async () => {
      const blacklist = onMemory()
      const revoked = token()
      await blacklist.revoke(revoked, { lifetime: '1m' })
      clock.advance(HOUR * 1000 - 1000)
      expect(await blacklist.isRevoked(revoked)).to.equal(true)
    })

    it('no shorter for being revoked twice', async () => {
      const blacklist = onMemory()
      const revoked = sign({ sub: '7' }, SECRET)
      await blacklist.revoke(revoked, { lifetime: '2h' })
      await blacklist.revoke(revoked, { lifetime: '1h' })
      clock.advance(1.5 * HOUR * 1000)
      expect(await blacklist.isRevoked(revoked)).to.equal(true)
    })

    const absurd: Record<string, unknown> = {
      NaN,
      Infinity,
      'minus Infinity': -Infinity,
      'a string': '1772359200',
      'a Date': new Date('2026-03-01T11:00:00Z'),
      null: null,
      milliseconds: new Date('2026-03-01T11:00:00Z').getTime(),
      '101 years ahead': new Date('2127-03-02').getTime() / 1000,
    }
    for (const [what, exp] of Object.entries(absurd)) {
      it(`not whose exp is ${what}: that is an error, and nothing is stored`, async () => {
        const blacklist = onMemory()
        const claims = { jti: 'one', exp } as TokenClaims
        const error = await failure(blacklist.revoke(claims))
        expect(error).to.be.instanceOf(InvalidTokenError)
        expect(error.message).to.match(/^expected exp in seconds since 1970/)
        expect(await blacklist.isRevoked(claims)).to.equal(false)
      })
    }

    for (const lifetime of [0, -1, NaN, Infinity, 'soon', '', '101y']) {
      it(`not for a lifetime of ${describeGiven(lifetime)}: that is an error naming the option`, async () => {
        const error = await failure(onMemory().revoke(sign({ sub: '7' }, SECRET), { lifetime }))
        expect(error).to.be.instanceOf(InvalidOptionError).with.property('option', 'revoke: lifetime')
      })
    }

    it('not with an option that nobody reads: the error names the nearest', async () => {
      const error = await failure(onMemory().revoke(token(), { lifeTime: '1h' } as RevokeOptions))
      expect(error.message).to.match(/^revoke: lifeTime: unknown option; did you mean 'lifetime'/)
    })
  })

  describe('logs a subject out everywhere', () => {
    it('refusing what was issued before, with a jti or without', async () => {
      const blacklist = onMemory()
      const [named, unnamed] = [token({ jti: 'one' }), token()]
      clock.advance(5000)
      await blacklist.revokeAll('7')
      expect(await blacklist.isRevoked(named)).to.equal(true)
      expect(await blacklist.isRevoked(claimsOf(named))).to.equal(true)
      expect(await blacklist.isRevoked(unnamed)).to.equal(true)
    })

    it('and nobody else', async () => {
      const blacklist = onMemory()
      const [other, nobodys] = [token({ sub: '8' }), token({ sub: undefined })]
      clock.advance(5000)
      await blacklist.revokeAll('7')
      expect(await blacklist.isRevoked(other)).to.equal(false)
      expect(await blacklist.isRevoked(nobodys)).to.equal(false)
    })

    it('refusing a login within the same second too, since iat has whole seconds', async () => {
      const blacklist = onMemory()
      const { newTokensFrom } = await blacklist.revokeAll('7')
      clock.advance(500)
      expect(await blacklist.isRevoked(token())).to.equal(true)
      expect(newTokensFrom.toISOString()).to.equal('2026-03-01T10:00:01.000Z')
    })

    it('and lets new tokens pass from the time it names', async () => {
      const blacklist = onMemory()
      const { newTokensFrom } = await blacklist.revokeAll('7')
      clock.advance(newTokensFrom.getTime() - clock.now())
      expect(await blacklist.isRevoked(token())).to.equal(false)
      expect(await blacklist.isRevoked(token({ jti: 'one' }))).to.equal(false)
    })

    it('naming the next whole second where it is called on one', async () => {
      clock = new ManualClock('2026-03-01T10:00:05.000Z')
      const { newTokensFrom } = await onMemory().revokeAll('7')
      expect(newTokensFrom.toISOString()).to.equal('2026-03-01T10:00:06.000Z')
    })

    it('refusing tokens that do not say when they were issued', async () => {
      const blacklist = onMemory()
      await blacklist.revokeAll('7')
      clock.advance(10_000)
      expect(await blacklist.isRevoked(sign({ sub: '7' }, SECRET, { noTimestamp: true }))).to.equal(true)
      const claims: TokenClaims = { jti: 'one', sub: '7' }
      expect(await blacklist.isRevoked(claims)).to.equal(true)
    })

    it('refusing tokens that say they are yet to be issued, by more than clocks may differ', async () => {
      const blacklist = onMemory({ clockTolerance: 60 })
      const [inTime, ahead, inMilliseconds] = [60, 61, clock.now()].map((later) =>
        token({ jti: String(later), iat: clock.seconds + later, exp: clock.seconds + 2 * HOUR }),
      ) as [string, string, string]
      const answers = (): Promise<boolean[]> =>
        Promise.all([inTime, ahead, inMilliseconds].map((each) => blacklist.isRevoked(each)))
      expect(await answers()).to.deep.equal([false, false, false])
      await blacklist.revokeAll('7')
      expect(await answers()).to.deep.equal([false, true, true])
      clock.advance(1000)
      expect(await answers()).to.deep.equal([false, false, true])
    })

    it('by a cut-off that only moves forward, whatever the time of day does', async () => {
      const blacklist = onMemory()
      const first = await blacklist.revokeAll('7')
      clock.step(-60_000)
      const second = await blacklist.revokeAll('7')
      clock.step(60_000)
      expect(await blacklist.isRevoked(token())).to.equal(true)
      expect(second.newTokensFrom).to.deep.equal(first.newTokensFrom)
    })

    it('again, which refuses what was issued between', async () => {
      const blacklist = onMemory()
      await blacklist.revokeAll('7')
      clock.advance(10_000)
      const between = token()
      expect(await blacklist.isRevoked(between)).to.equal(false)
      clock.advance(10_000)
      await blacklist.revokeAll('7')
      expect(await blacklist.isRevoked(between)).to.equal(true)
    })

    it('where the token writes its subject as a number too', async () => {
      const blacklist = onMemory()
      const numbered = sign({ sub: 7, iat: clock.seconds, exp: clock.seconds + HOUR }, SECRET)
      await blacklist.revokeAll('7')
      expect(await blacklist.isRevoked(numbered)).to.equal(true)
    })

    it('for as long as any token lives, by maxTokenAge', async () => {
      const blacklist = onMemory({ maxTokenAge: '2h', clockTolerance: 10 })
      const revoked = token({ exp: clock.seconds + 2 * HOUR })
      await blacklist.revokeAll('7')
      clock.advance((2 * HOUR + 10) * 1000)
      expect(await blacklist.isRevoked(revoked)).to.equal(true)
      clock.advance(2000)
      expect(await blacklist.isRevoked(revoked)).to.equal(false)
    })

    it('and says where that stands', async () => {
      const blacklist = onMemory()
      expect((await blacklist.revokeAll('7')).stored).to.equal('memory')
      await caches[0]?.close()
      expect((await blacklist.revokeAll('8')).stored).to.equal('none')
    })

    it('at once for every blacklist over the same cache', async () => {
      const cache = createCache({ redis: false, logger: false, clock })
      caches.push(cache)
      const [one, other] = [createTokenBlacklist({ cache }), createTokenBlacklist({ cache })]
      await one.revoke({ jti: 'a', exp: clock.seconds + HOUR })
      expect(await other.isRevoked({ jti: 'a' })).to.equal(true)
    })

    it('by a subject that is a number, too, as some put it into their tokens', async () => {
      const blacklist = onMemory()
      await blacklist.revokeAll(7)
      expect(await blacklist.isRevoked(token({ iat: clock.seconds - 10 }))).to.equal(true)
      expect(await blacklist.isRevoked(token({ iat: clock.seconds - 10, sub: '8' }))).to.equal(false)
    })

    for (const subject of ['', ' ', '\t\n', NaN, Infinity, undefined, null, true, {}]) {
      it(`only by a subject: ${describeGiven(subject)} is an error`, async () => {
        const error = await failure(onMemory().revokeAll(subject as string))
        expect(error).to.be.instanceOf(InvalidTokenError)
        expect(error.message).to.match(/^expected a subject, as it stands in sub, got /)
      })
    }

    describe('sparing', () => {
      it('the one token that is named, in whichever way, and no other', async () => {
        const kept = [token({ jti: 'a' }), token({ session: 1 }), token({ jti: 'c' })]
        const ways = [kept[0], kept[1], claimsOf(String(kept[2]))]
        for (const [index, except] of ways.entries()) {
          const blacklist = onMemory()
          clock.advance(5000)
          await blacklist.revokeAll('7', { except: except as string })
          const answers = await Promise.all(kept.map((each) => blacklist.isRevoked(each)))
          expect(answers).to.deep.equal(kept.map((_, other) => other !== index))
        }
      })

      it('a whole session', async () => {
        const blacklist = onMemory()
        const [kept, other] = [token({ jti: 'a', sid: 's-1' }), token({ jti: 'b', sid: 's-2' })]
        await blacklist.revokeAll('7', { except: { sid: 's-1' } })
        expect(await blacklist.isRevoked(kept)).to.equal(false)
        expect(await blacklist.isRevoked(other)).to.equal(true)
        expect(await blacklist.isRevoked(token({ jti: 'c', sid: 's-1' }))).to.equal(false)
      })

      it('a login within the same second, given its token', async () => {
        const blacklist = onMemory()
        const fresh = token({ jti: 'fresh' })
        await blacklist.revokeAll('7', { except: fresh })
        expect(await blacklist.isRevoked(fresh)).to.equal(false)
        expect(await blacklist.isRevoked(token({ jti: 'other' }))).to.equal(true)
      })

      it('nobody any more when the subject is logged out again, in the same second too', async () => {
        for (const laterMs of [0, 5000]) {
          const blacklist = onMemory()
          const kept = token({ jti: 'a' })
          await blacklist.revokeAll('7', { except: kept })
          expect(await blacklist.isRevoked(kept)).to.equal(false)
          clock.advance(laterMs)
          await blacklist.revokeAll('7')
          expect(await blacklist.isRevoked(kept)).to.equal(true)
        }
      })

      it('not what is revoked by itself, nor by another subject', async () => {
        const blacklist = onMemory()
        const kept = token({ jti: 'a', sid: 's-1' })
        await blacklist.revokeAll('7', { except: kept })
        await blacklist.revokeAll('s-1', { by: 'sid' })
        expect(await blacklist.isRevoked(kept)).to.equal(true)
        const other = onMemory()
        await other.revokeAll('7', { except: kept })
        await other.revoke(kept)
        expect(await other.isRevoked(kept)).to.equal(true)
      })

      it('only what can be identified', async () => {
        const error = await failure(onMemory().revokeAll('7', { except: { sub: '7' } }))
        expect(error).to.be.instanceOf(InvalidTokenError)
      })

      it('not null: the error names the option, and nobody is logged out', async () => {
        const blacklist = onMemory()
        const except = null as unknown as TokenClaims
        const error = await failure(blacklist.revokeAll('7', { except }))
        expect(error).to.be.instanceOf(InvalidOptionError)
        expect(error.message).to.match(/^revokeAll: except: expected a request, .*got null/)
        expect(blacklist.count()).to.equal(0)
      })
    })

    describe('issued before a time that is named', () => {
      it('and lets pass what was issued from then on', async () => {
        const blacklist = onMemory()
        const [old, recent] = [
          token({ jti: 'a', iat: clock.seconds - 61 }),
          token({ jti: 'b', iat: clock.seconds - 60 }),
        ]
        const issuedBefore = new Date((clock.seconds - 60) * 1000)
        const { newTokensFrom } = await blacklist.revokeAll('7', { issuedBefore })
        expect(newTokensFrom).to.deep.equal(issuedBefore)
        expect(await blacklist.isRevoked(old)).to.equal(true)
        expect(await blacklist.isRevoked(recent)).to.equal(false)
      })

      it('that lies before an earlier one: that stays', async () => {
        const blacklist = onMemory()
        const between = token({ iat: clock.seconds - 5 })
        await blacklist.revokeAll('7')
        await blacklist.revokeAll('7', { issuedBefore: new Date(clock.now() - 60_000) })
        expect(await blacklist.isRevoked(between)).to.equal(true)
      })

      for (const issuedBefore of [
        new Date(NaN),
        new Date('2127-01-01'),
        new Date(-1),
        1_772_359_200,
        'now',
      ]) {
        it(`not by ${describeGiven(issuedBefore)}: that is an error naming the option`, async () => {
          const error = await failure(onMemory().revokeAll('7', { issuedBefore: issuedBefore as Date }))
          expect(error)
            .to.be.instanceOf(InvalidOptionError)
            .with.property('option', 'revokeAll: issuedBefore')
        })
      }
    })

    describe('by another claim', () => {
      it('a session by sid, without being told', async () => {
        const blacklist = onMemory()
        await blacklist.revokeAll('s-1', { by: 'sid' })
        expect(await blacklist.isRevoked(token({ sid: 's-1' }))).to.equal(true)
        expect(await blacklist.isRevoked(token({ sid: 's-2' }))).to.equal(false)
        expect(await blacklist.isRevoked(token({ sub: 's-1' }))).to.equal(false)
      })

      it('a client or a tenant, where the blacklist knows the claim', async () => {
        const blacklist = onMemory({ subjectClaims: ['sub', 'client_id', 'tenant'] })
        await blacklist.revokeAll('app', { by: 'client_id' })
        await blacklist.revokeAll(12, { by: 'tenant' })
        expect(await blacklist.isRevoked(token({ client_id: 'app' }))).to.equal(true)
        expect(await blacklist.isRevoked(token({ tenant: 12 }))).to.equal(true)
        expect(await blacklist.isRevoked(token({ tenant: 13 }))).to.equal(false)
      })

      it('one of several values that a token has for it', async () => {
        const blacklist = onMemory({ subjectClaims: ['sub', 'aud'] })
        await blacklist.revokeAll('app', { by: 'aud', except: token({ jti: 'kept', aud: ['site', 'app'] }) })
        expect(await blacklist.isRevoked(token({ aud: ['site', 'app'] }))).to.equal(true)
        expect(await blacklist.isRevoked(token({ aud: 'app' }))).to.equal(true)
        expect(await blacklist.isRevoked(token({ aud: ['site', '', null] }))).to.equal(false)
        expect(await blacklist.isRevoked(token({ jti: 'kept', aud: ['site', 'app'] }))).to.equal(false)
        await blacklist.revokeAll('site', { by: 'aud' })
        expect(await blacklist.isRevoked(token({ jti: 'kept', aud: ['site', 'app'] }))).to.equal(true)
      })

      it('not by one that it does not know: nobody would look for it', async () => {
        const error = await failure(onMemory().revokeAll('app', { by: 'client_id' }))
        expect(error).to.be.instanceOf(InvalidOptionError)
        expect(error.message).to.match(/^revokeAll: by: .*subjectClaims \(sub, sid\), got another string/)
        expect(error.message).not.to.include('client_id')
      })
    })
  })

  describe('restores', () => {
    it('a token that was revoked by mistake', async () => {
      const blacklist = onMemory()
      await blacklist.revoke(token({ jti: 'a' }))
      expect(await blacklist.restore(token({ jti: 'a' }))).to.equal('memory')
      expect(await blacklist.isRevoked(token({ jti: 'a' }))).to.equal(false)
    })

    it('what can be revoked again', async () => {
      const blacklist = onMemory()
      const [one, claims] = [token({ jti: 'a' }), { jti: 'a', exp: clock.seconds + HOUR }]
      for (let time = 0; time < 3; time += 1) {
        await blacklist.revoke(one)
        expect(await blacklist.isRevoked(claims)).to.equal(true)
        await blacklist.restore(claims)
        expect(await blacklist.isRevoked(one)).to.equal(false)
      }
    })

    it('nothing where nothing is revoked, and says so', async () => {
      const blacklist = onMemory()
      expect(await blacklist.restore(token())).to.equal('none')
      expect(await blacklist.restoreAll('7')).to.equal('none')
    })

    it('all of a subject, but for those that were revoked one by one', async () => {
      const blacklist = onMemory()
      const [one, other] = [token({ jti: 'a' }), token({ jti: 'b' })]
      await blacklist.revoke(one)
      await blacklist.revokeAll('7')
      expect(await blacklist.restoreAll('7')).to.equal('memory')
      expect(await blacklist.isRevoked(one)).to.equal(true)
      expect(await blacklist.isRevoked(other)).to.equal(false)
      await blacklist.revokeAll('7')
      expect(await blacklist.isRevoked(other)).to.equal(true)
    })
  })

  describe('shows operators', () => {
    it('what is revoked, and nothing that could be used', async () => {
      const blacklist = onMemory()
      await blacklist.revoke(token({ jti: 'a' }))
      await blacklist.revoke(token({ jti: 'b' }))
      await blacklist.restore(token({ jti: 'b' }))
      const { newTokensFrom } = await blacklist.revokeAll('alice@example.org', {
        except: token({ jti: 'c' }),
      })
      const listed = []
      for await (const each of blacklist.list()) listed.push(each)
      const until = new Date((clock.seconds + HOUR + 60) * 1000)
      expect(listed).to.have.lengthOf(2)
      const [one] = listed.filter(({ kind }) => kind === 'token')
      const [all] = listed.filter(({ kind }) => kind === 'subject')
      expect(one).to.deep.include({ issuedBefore: undefined, until })
      expect(all).to.deep.include({ issuedBefore: newTokensFrom })
      expect(JSON.stringify(listed)).not.to.include('alice')
      expect(blacklist.count()).to.equal(2)
    })
  })

  describe('holds as many as its capacity', () => {
    it('and says that the next stands nowhere', async () => {
      const blacklist = onMemory({ capacity: 2 })
      const tokens = [token({ jti: '1' }), token({ jti: '2' }), token({ jti: '3' })]
      const stored: string[] = []
      for (const one of tokens) stored.push(await blacklist.revoke(one))
      expect(stored).to.deep.equal(['memory', 'memory', 'none'])
      expect(await Promise.all(tokens.map((one) => blacklist.isRevoked(one)))).to.deep.equal([
        true,
        true,
        false,
      ])
    })

    it('and has room again once one has expired', async () => {
      const blacklist = onMemory({ capacity: 1, clockTolerance: 0 })
      await blacklist.revoke(token({ jti: '1' }))
      clock.advance(HOUR * 1000)
      const next = token({ jti: '2' })
      expect(await blacklist.revoke(next)).to.equal('memory')
      expect(await blacklist.isRevoked(next)).to.equal(true)
    })
  })

  describe('is made', () => {
    it('by createTokenBlacklist, as a TokenBlacklist', () => {
      expect(onMemory()).to.be.instanceOf(TokenBlacklist)
    })

    const refused: [options: unknown, message: RegExp][] = [
      [
        { cache: {} },
        /^createTokenBlacklist: cache: expected a cache as createCache\(\) makes it, got an object/,
      ],
      [{ cache: null }, /^createTokenBlacklist: cache: expected a cache .*got null/],
      [
        { clockTolerance: -1 },
        /^createTokenBlacklist: clockTolerance: expected a whole number from 0 to 86400, got -1/,
      ],
      [{ clockTolerance: 86_401 }, /clockTolerance: .*got 86401/],
      [{ clockTolerance: NaN }, /clockTolerance: .*got NaN/],
      [{ clockTolerance: '60' }, /clockTolerance: .*got '60'/],
      [{ maxTokenAge: 0 }, /^createTokenBlacklist: maxTokenAge: expected a positive number.*got 0/],
      [{ maxTokenAge: 'soon' }, /maxTokenAge: .*got 'soon'/],
      [{ whenStale: 'maybe' }, /^createTokenBlacklist: whenStale: expected 'allow' or 'reject', got 'maybe'/],
      [{ check: 'remote' }, /^createTokenBlacklist: check: expected 'local' or 'redis', got 'remote'/],
      [{ maxStaleness: 0 }, /^createTokenBlacklist: maxStaleness: expected a positive number.*got 0/],
      [{ subjectClaims: 'sub' }, /^createTokenBlacklist: subjectClaims: expected names of claims.*got 'sub'/],
      [{ subjectClaims: ['sub', ''] }, /subjectClaims: .*got an array/],
      [{ capacity: 0 }, /^createTokenBlacklist: capacity: expected a whole number from 1 up, got 0/],
      [{ capacity: 1.5 }, /capacity: .*got 1\.5/],
      [{ clockTolerence: 5 }, /clockTolerence: unknown option; did you mean 'clockTolerance'/],
      ['30d', /^createTokenBlacklist: expected an options object, got a string/],
    ]
    for (const [options, message] of refused) {
      it(`not with ${describeGiven(options)}`, () => {
        const attempt = () => onMemory(options as TokenBlacklistOptions)
        const direct = () => createTokenBlacklist(options as TokenBlacklistOptions)
        expect(typeof options === 'string' ? direct : attempt).to.throw(InvalidOptionError, message)
      })
    }

    it('with options that are undefined as if they were left out', async () => {
      const blacklist = onMemory({
        clockTolerance: undefined,
        maxTokenAge: undefined,
        whenStale: undefined,
        capacity: undefined,
      } as unknown as TokenBlacklistOptions)
      expect(await blacklist.revoke(token())).to.equal('memory')
    })

    describe('once for the default cache', () => {
      useDefaultCache()

      it('whichever that is at the time', () => {
        const first = defaultCache()
        const second = createCache({ redis: false, logger: false })
        caches.push(second)
        const blacklist = tokenBlacklist()
        expect(tokenBlacklist()).to.equal(blacklist)
        setDefaultCache(second)
        expect(tokenBlacklist()).not.to.equal(blacklist)
        setDefaultCache(first)
        expect(tokenBlacklist()).to.equal(blacklist)
      })
    })
  })
})

describe('A token blacklist over Redis', () => {
  let redis: RedisServer
  const instances = new BlacklistInstances()

  beforeEach(async () => {
    redis = await RedisServer.start()
  })

  afterEach(async () => {
    await instances.close()
    await redis.close()
  })

  it('says that Redis has a revocation, and files it under blacklist:<id>', async () => {
    const { blacklist } = await instances.start(redis)
    expect(await blacklist.revoke(freshToken())).to.equal('redis')
    expect((await blacklist.revokeAll('7')).stored).to.equal('redis')
    const keys = await keysOf(redis)
    expect(keys).to.have.lengthOf(2)
    expect(keys.filter((key) => /^blacklist:[0-9a-f]{32}$/.test(key))).to.have.lengthOf(1)
    expect(keys.filter((key) => /^blacklist:subject:[0-9a-f]{32}$/.test(key))).to.have.lengthOf(1)
  })

  it('begins its keys with the namespace of the cache', async () => {
    const { blacklist } = await instances.start(redis, {}, { namespace: 'school' })
    await blacklist.revoke(freshToken())
    expect(await keysOf(redis))
      .to.have.lengthOf(1)
      .and.satisfy(([key]: string[]) => key?.startsWith('school:blacklist:'))
  })

  it('lets Redis forget a revocation when its token could no longer be accepted', async () => {
    const { blacklist } = await instances.start(redis, { clockTolerance: 10 })
    await blacklist.revoke(freshToken({ expiresIn: '1h' }))
    const [key = ''] = await keysOf(redis)
    expect(Number(await redis.command('PTTL', key))).to.be.within((HOUR + 5) * 1000, (HOUR + 11) * 1000)
  })

  it('lets Redis forget a cut-off after maxTokenAge', async () => {
    const { blacklist } = await instances.start(redis, { maxTokenAge: '2h', clockTolerance: 10 })
    await blacklist.revokeAll('7')
    const [key = ''] = await keysOf(redis)
    expect(Number(await redis.command('PTTL', key))).to.be.within(
      (2 * HOUR + 5) * 1000,
      (2 * HOUR + 12) * 1000,
    )
  })

  it('never shortens a life in Redis, nor moves a cut-off back', async () => {
    const clock = new ManualClock()
    const [one, two] = await Promise.all([
      instances.start(redis, {}, { clock }),
      instances.start(redis, {}, { clock: new ManualClock(clock.now() - 60_000) }),
    ])
    const revoked = sign({ sub: '7', jti: 'one' }, SECRET)
    await one.blacklist.revoke(revoked, { lifetime: '2h' })
    await one.blacklist.revokeAll('7')
    const before = await numbersOf(redis)
    const lives = await Promise.all([...before.keys()].map((key) => redis.command('PTTL', key)))
    expect(await two.blacklist.revoke(revoked, { lifetime: '1h' })).to.equal('redis')
    expect((await two.blacklist.revokeAll('7')).stored).to.equal('redis')
    expect(await numbersOf(redis)).to.deep.equal(before)
    for (const [index, key] of [...before.keys()].entries()) {
      // A clock that is behind may prolong it by as much.
      const life = Number(lives[index])
      expect(Number(await redis.command('PTTL', key))).to.be.within(life - 5000, life + 61_000)
    }
  })

  it('is one over all instances: what one revokes, another refuses too', async () => {
    const [one, two] = await Promise.all([instances.start(redis), instances.start(redis)])
    const tokens = [freshToken({ jwtid: 'one' }), freshToken()]
    for (const token of tokens) {
      expect(await two.blacklist.isRevoked(token)).to.equal(false)
      await one.blacklist.revoke(token)
      await refused(two, token)
    }
  })

  describe('asked to wait for replicas', () => {
    let replica: RedisServer

    beforeEach(async () => {
      replica = await RedisServer.start({ args: ['--replicaof', '127.0.0.1', String(redis.port)] })
      await eventually(async () => (await redis.command('WAIT', '1', '50')) === '1', { withinMs: 9000 })
    })

    afterEach(() => replica.close())

    it('says that they have it once they do', async () => {
      const { blacklist } = await instances.start(redis, {}, { commandTimeout: 2000 })
      expect(await blacklist.revoke(freshToken(), { replicas: 1 })).to.equal('replicated')
      expect(await keysOf(replica)).to.have.lengthOf(1)
      expect((await blacklist.revokeAll('7', { replicas: 1 })).stored).to.equal('replicated')
      expect(await blacklist.revoke(freshToken({ jwtid: 'other' }))).to.equal('redis')
      const logs = (await allKeysOf(replica)).filter((key) => key.includes(':revocations:'))
      expect(logs).to.have.lengthOf(2)
    })

    it('says so too where many are revoked at once', async () => {
      const { blacklist } = await instances.start(redis, {}, { commandTimeout: 2000 })
      const tokens = Array.from({ length: 20 }, (_, name) => freshToken({ jwtid: String(name) }))
      const stored = await Promise.all(tokens.map((token) => blacklist.revoke(token, { replicas: 1 })))
      expect(new Set(stored)).to.deep.equal(new Set(['replicated']))
    })

    it('says that only Redis has it where too few confirm it, within the budget, and holds nobody else up', async () => {
      const { cache, blacklist } = await instances.start(redis, {}, { commandTimeout: 1500 })
      await replica.stop()
      const begun = performance.now()
      const stored = blacklist.revoke(freshToken(), { replicas: 1 })
      await eventually(async () => (await redis.command('INFO', 'clients')).includes('blocked_clients:1'))
      expect(await cache.set('other', 1)).to.equal('redis')
      expect(await stored).to.equal('redis')
      expect(performance.now() - begun).to.be.lessThan(3000)
      expect(cache.state).to.equal('ready')
      await replica.continue()
      await eventually(async () => (await blacklist.revoke(freshToken(), { replicas: 1 })) === 'replicated')
      expect(await blacklist.revoke(freshToken(), { replicas: 2 })).to.equal('redis')
    })

    it('finds them again after an outage', async () => {
      const one = await instances.start(redis, {}, { commandTimeout: 2000 })
      expect(await one.blacklist.revoke(freshToken(), { replicas: 1 })).to.equal('replicated')
      await redis.kill()
      await cutOff(one)
      expect(await one.blacklist.revoke(freshToken(), { replicas: 1 })).to.equal('memory')
      await redis.start()
      await connected(one)
      await eventually(
        async () => (await one.blacklist.revoke(freshToken(), { replicas: 1 })) === 'replicated',
        {
          withinMs: 9000,
        },
      )
    }).timeout(30_000)
  })

  it('knows of no replicas where the store is no Redis', async () => {
    const cache = createCache({ redis: false, logger: false })
    const blacklist = createTokenBlacklist({ cache })
    expect(await blacklist.revoke(freshToken(), { replicas: 1 })).to.equal('memory')
    await cache.close()
  })

  it('waits for no number of replicas that is none', async () => {
    const { blacklist } = instances.make(redis)
    for (const replicas of [0, -1, 1.5, NaN, '1' as unknown as number]) {
      for (const attempt of [
        blacklist.revoke(freshToken(), { replicas }),
        blacklist.revokeAll('7', { replicas }),
      ]) {
        const error = await failure(attempt)
        expect(error).to.be.instanceOf(InvalidOptionError)
        expect(error.message).to.match(/^revoke(All)?: replicas: expected a whole number from 1 up, got/)
      }
    }
  })

  it('logs out on all instances', async () => {
    const [one, two] = await Promise.all([instances.start(redis), instances.start(redis)])
    const token = freshToken()
    expect(await two.blacklist.isRevoked(token)).to.equal(false)
    await one.blacklist.revokeAll('7')
    await refused(two, token)
  })

  it('is another for each namespace and database', async () => {
    const elsewhere = `${redis.url}/1`
    const [plain, named, other] = await Promise.all([
      instances.start(redis),
      instances.start(redis, {}, { namespace: 'school' }),
      instances.start(redis, {}, { redis: elsewhere }),
    ])
    const token = freshToken()
    await plain.blacklist.revoke(token)
    expect(await named.blacklist.isRevoked(token)).to.equal(false)
    expect(await other.blacklist.isRevoked(token)).to.equal(false)
  })

  it('hands on to Redis what its own capacity has no room for', async () => {
    const { blacklist } = await instances.start(redis, { capacity: 1 })
    const tokens = [freshToken({ jwtid: '1' }), freshToken({ jwtid: '2' })]
    for (const token of tokens) expect(await blacklist.revoke(token)).to.equal('redis')
    for (const token of tokens) expect(await blacklist.isRevoked(token)).to.equal(true)
    await redis.kill()
    expect(await blacklist.revoke(freshToken({ jwtid: '3' }))).to.equal('none')
  })

  it('is left alone by clear() of the cache', async () => {
    const [one, two] = await Promise.all([instances.start(redis), instances.start(redis)])
    const token = freshToken()
    await one.blacklist.revoke(token)
    expect(await one.cache.clear()).to.equal('redis')
    await refused(two, token)
    expect(await one.blacklist.isRevoked(token)).to.equal(true)
  })

  it("is out of reach of the application's own keys", async () => {
    const [one, two] = await Promise.all([instances.start(redis), instances.start(redis)])
    const token = freshToken()
    await one.blacklist.revoke(token)
    const [key = ''] = await keysOf(redis)
    expect(await one.cache.set(key, 'mine')).to.equal('redis')
    expect(await one.cache.get(key)).to.equal('mine')
    await refused(two, token)
    await one.cache.delete(key)
    expect(await instances.make(redis).cache.get(key)).to.equal(undefined)
    expect(await two.blacklist.isRevoked(token)).to.equal(true)
    expect(await redis.command('EXISTS', key)).to.equal('1')
  })

  it("is out of reach of other caches: no namespace is called 'blacklist'", () => {
    for (const namespace of ['blacklist', 'blacklist:subject']) {
      const attempt = () => instances.make(redis, {}, { namespace })
      expect(attempt).to.throw(InvalidOptionError, /^createCache: namespace: /)
    }
  })

  it('carries a revocation that Redis had no memory for over, as soon as it has', async () => {
    const [one, two] = await Promise.all([instances.start(redis), instances.start(redis)])
    await redis.configSet('maxmemory', '1')
    const token = freshToken()
    expect(await one.blacklist.revoke(token)).to.equal('memory')
    expect(await one.blacklist.isRevoked(token)).to.equal(true)
    await redis.configSet('maxmemory', '0')
    await eventually(async () => two.blacklist.isRevoked(token))
  })

  describe('during an outage', () => {
    it('refuses what it revokes at once, and everywhere after recovery, though Redis comes back empty', async () => {
      const [one, two] = await Promise.all([instances.start(redis), instances.start(redis)])
      await redis.kill()
      await cutOff(one, two)
      const [byJti, bySigned, everywhere] = [
        freshToken({ jwtid: '1' }),
        freshToken(),
        freshToken({ subject: '8' }),
      ]
      expect(await one.blacklist.revoke(byJti)).to.equal('memory')
      expect(await one.blacklist.revoke(bySigned)).to.equal('memory')
      expect((await one.blacklist.revokeAll('8')).stored).to.equal('memory')
      const revoked = [byJti, bySigned, everywhere]
      for (const token of revoked) expect(await one.blacklist.isRevoked(token)).to.equal(true)
      await redis.restart({ dataset: 'empty' })
      await connected(one, two)
      await eventually(async () => {
        for (const token of revoked) expect(await two.blacklist.isRevoked(token)).to.equal(true)
      })
    })

    it('refuses no token that nobody has revoked, neither then nor later', async () => {
      const [one, two] = await Promise.all([instances.start(redis), instances.start(redis)])
      const token = freshToken()
      await redis.kill()
      await cutOff(one, two)
      expect(await one.blacklist.isRevoked(token)).to.equal(false)
      await redis.restart({ dataset: 'empty' })
      await connected(one, two)
      expect(await one.blacklist.isRevoked(token)).to.equal(false)
      expect(await two.blacklist.isRevoked(token)).to.equal(false)
    })

    it('refuses whom another instance spared in the same second', async () => {
      const clock = new ManualClock()
      const one = await instances.start(redis, {}, { clock })
      const two = await instances.start(redis, {}, { clock })
      await redis.kill()
      await cutOff(one, two)
      const kept = sign({ jti: 'kept', sub: '7', iat: clock.seconds, exp: clock.seconds + HOUR }, SECRET)
      await one.blacklist.revokeAll('7', { except: kept })
      await two.blacklist.revokeAll('7')
      expect(await one.blacklist.isRevoked(kept)).to.equal(false)
      await redis.restart({ dataset: 'empty' })
      await connected(one, two)
      await refused(one, kept)
      expect(await two.blacklist.isRevoked(kept)).to.equal(true)
    })

    it('has revocations in Redis before the instance that made them reads from it again', async () => {
      const one = await instances.start(redis)
      await redis.kill()
      await cutOff(one)
      await one.blacklist.revoke(freshToken())
      const seen: Promise<string[]>[] = []
      one.cache.on('state', ({ to }) => {
        if (to === 'ready') seen.push(keysOf(redis))
      })
      await redis.restart({ dataset: 'empty' })
      await connected(one)
      expect(await Promise.all(seen))
        .to.have.lengthOf(1)
        .and.satisfy(([keys]: string[][]) => keys?.length === 1)
    })

    it('hands over what is revoked while the rest is being handed over', async () => {
      const [one, two] = await Promise.all([instances.start(redis), instances.start(redis)])
      await redis.kill()
      await cutOff(one, two)
      const [before, meanwhile] = [freshToken({ jwtid: 'before' }), freshToken({ jwtid: 'meanwhile' })]
      await one.blacklist.revoke(before)
      const stored: string[] = []
      // After the blacklist's own: what it has is in Redis by then.
      one.cache.client.onRecovery({
        bring: async () => {
          if (stored.length === 0) stored.push(await one.blacklist.revoke(meanwhile))
        },
        pending: () => 0,
      })
      await redis.restart({ dataset: 'empty' })
      await connected(one, two)
      expect(stored).to.deep.equal(['memory'])
      await eventually(async () => two.blacklist.isRevoked(meanwhile))
      expect(await two.blacklist.isRevoked(before)).to.equal(true)
    })

    it('still refuses what was revoked before, by whomever', async () => {
      const [one, two] = await Promise.all([instances.start(redis), instances.start(redis)])
      const [revoked, everywhere] = [freshToken(), freshToken({ subject: '8' })]
      await one.blacklist.revoke(revoked)
      await one.blacklist.revokeAll('8')
      await refused(two, revoked, everywhere)
      await redis.kill()
      await cutOff(two)
      expect(await two.blacklist.isRevoked(revoked)).to.equal(true)
      expect(await two.blacklist.isRevoked(everywhere)).to.equal(true)
    })

    for (const who of ['made', 'learnt'] as const) {
      it(`keeps what it has ${who} before for a Redis that comes back empty, with its life`, async () => {
        const [one, two] = await Promise.all([instances.start(redis), instances.start(redis)])
        const tokens = [freshToken({ expiresIn: '1h' }), freshToken({ subject: '8' })]
        await one.blacklist.revoke(String(tokens[0]))
        await one.blacklist.revokeAll('8')
        if (who === 'learnt') await refused(two, ...tokens)
        const [survivor, other] = who === 'learnt' ? [two, one] : [one, two]
        await other.cache.close()
        await redis.restart({ dataset: 'empty' })
        const third = await instances.start(redis)
        await connected(survivor)
        await eventually(async () => {
          for (const token of tokens) expect(await third.blacklist.isRevoked(token)).to.equal(true)
        })
        const own = (await keysOf(redis)).find((key) => !key.includes('subject')) ?? ''
        expect(Number(await redis.command('PTTL', own))).to.be.within((HOUR + 30) * 1000, (HOUR + 61) * 1000)
      })
    }

    it('counts a frozen Redis as one: revokes and refuses within the budget', async () => {
      const [one, two] = await Promise.all([instances.start(redis), instances.start(redis)])
      await redis.stop()
      const token = freshToken()
      expect(await one.blacklist.revoke(token)).to.equal('memory')
      expect(await one.blacklist.isRevoked(token)).to.equal(true)
      await redis.continue()
      await connected(one, two)
      await eventually(async () => two.blacklist.isRevoked(token))
    })

    it('starts all the same where Redis is absent, and hands over when it appears', async () => {
      const absent = await RedisServer.reserve()
      try {
        const one = instances.make(absent)
        const token = freshToken()
        expect(await one.blacklist.revoke(token)).to.equal('memory')
        await absent.start()
        const two = await instances.start(absent)
        await eventually(async () => two.blacklist.isRevoked(token))
      } finally {
        await instances.close()
        await absent.close()
      }
    })

    describe("with whenStale: 'reject'", () => {
      let one: BlacklistInstance

      beforeEach(async () => {
        one = await instances.start(redis, { whenStale: 'reject', maxStaleness: 20 })
      })

      it('vouches for no token, and says so by an error', async () => {
        const token = freshToken()
        expect(await one.blacklist.isRevoked(token)).to.equal(false)
        await redis.kill()
        const error = await eventually(() => failure(one.blacklist.isRevoked(token)))
        expect(error).to.be.instanceOf(RevocationsUnavailableError)
        expect(error).to.include({ code: 'revocations_unavailable', status: 503 })
      })

      it('still refuses what it knows', async () => {
        const token = freshToken()
        await one.blacklist.revoke(token)
        await redis.kill()
        await cutOff(one)
        expect(await one.blacklist.isRevoked(token)).to.equal(true)
      })

      it('lets tokens pass again after recovery', async () => {
        await redis.kill()
        await cutOff(one)
        await redis.restart({ dataset: 'empty' })
        await eventually(async () => !(await one.blacklist.isRevoked(freshToken())))
      })

      it('lets nothing pass before the first connection', async () => {
        const absent = await RedisServer.reserve()
        try {
          const { blacklist } = instances.make(absent, { whenStale: 'reject' })
          expect(await failure(blacklist.isRevoked(freshToken()))).to.be.instanceOf(
            RevocationsUnavailableError,
          )
        } finally {
          await instances.close()
          await absent.close()
        }
      })
    })

    it("lets tokens pass on memory alone, which is no outage, also with whenStale: 'reject'", async () => {
      const cache = createCache({ redis: false, logger: false })
      const blacklist = createTokenBlacklist({ cache, whenStale: 'reject' })
      expect(await blacklist.isRevoked(freshToken())).to.equal(false)
      await cache.close()
    })
  })

  it('writes neither a token, nor a jti, nor a subject anywhere', async () => {
    const logger = new RecordingLogger()
    const one = await instances.start(redis, {}, { logger })
    const secrets = {
      jwtid: 'k3Y-jti-of-a-session',
      subject: 'alice@example.org',
      issuer: 'school.example.org',
    }
    const tokens = [freshToken(secrets), freshToken({ subject: secrets.subject })]
    const errors: unknown[] = []
    const useAll = async (): Promise<void> => {
      for (const token of tokens) {
        await one.blacklist.revoke(token)
        await one.blacklist.isRevoked(token)
        for (const broken of [
          `${token}.${token}`,
          token.slice(0, token.lastIndexOf('.')),
          { ...claimsOf(token), jti: '' },
        ])
          errors.push(await failure(one.blacklist.revoke(broken)))
        errors.push(
          await failure(one.blacklist.revoke({ ...claimsOf(token), jti: secrets.jwtid, exp: Infinity })),
        )
      }
      await one.blacklist.revokeAll(secrets.subject)
    }
    await useAll()
    await redis.configSet('maxmemory', '1')
    await useAll()
    await redis.configSet('maxmemory', '0')
    await redis.kill()
    await useAll()
    await redis.restart({ dataset: 'empty' })
    await eventually(async () => (await keysOf(redis)).length === 3)

    const content = await contentOf(redis)
    const written = JSON.stringify([
      [...content],
      logger.lines,
      errors.map((error) => [String(error), error instanceof HoldfastError && Object.entries(error)]),
    ])
    expect(content.size).to.be.greaterThan(3)
    expect(logger.lines).not.to.deep.equal([])
    expect(errors).to.have.lengthOf(24)
    const pieces = tokens.flatMap((token) => [token, ...token.split('.').slice(1)])
    for (const secret of [...Object.values(secrets), ...pieces]) expect(written).not.to.include(secret)
  })
})

/** A token of subject 7 by the clock of the machine. */
function freshToken(options: SignOptions = {}): string {
  return sign({}, SECRET, { subject: '7', expiresIn: '1h', ...options })
}

function claimsOf(token: string): JwtPayload {
  return decode(token, { json: true }) ?? {}
}

function isAccepted(token: string, publicKey: PublicKey): boolean {
  try {
    const verified: Jwt = verify(token, publicKey, { complete: true, ignoreExpiration: true })
    return verified.signature !== ''
  } catch {
    return false
  }
}

async function failure(attempt: Promise<unknown>): Promise<Error> {
  try {
    await attempt
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new Error('It did not fail')
}

/** What the blacklist has in Redis. */
async function keysOf(redis: RedisServer): Promise<string[]> {
  return (await allKeysOf(redis)).filter((key) => !key.startsWith('holdfast:'))
}

async function allKeysOf(redis: RedisServer): Promise<string[]> {
  const keys = (await redis.command('KEYS', '*')).split('\n')
  return keys.filter((key) => key !== '').sort()
}

async function contentOf(redis: RedisServer): Promise<Map<string, string>> {
  const content = new Map<string, string>()
  for (const key of await allKeysOf(redis)) {
    const isLog = key.includes(':revocations:')
    content.set(key, await redis.command(...(isLog ? ['XRANGE', key, '-', '+'] : ['GET', key])))
  }
  return content
}

/** What the blacklist has in Redis, its logs apart. */
async function numbersOf(redis: RedisServer): Promise<Map<string, string>> {
  return new Map([...(await contentOf(redis))].filter(([key]) => !key.startsWith('holdfast:')))
}

/** Resolves when an instance refuses these. */
async function refused({ blacklist }: BlacklistInstance, ...tokens: string[]): Promise<void> {
  await eventually(async () => {
    for (const token of tokens) expect(await blacklist.isRevoked(token)).to.equal(true)
  })
}

/** A given value as a title shows it. */
function describeGiven(given: unknown): string {
  return inspect(given, { breakLength: Infinity })
}
