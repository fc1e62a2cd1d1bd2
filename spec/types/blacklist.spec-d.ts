import type { IncomingMessage, ServerResponse } from 'node:http'
import { expectTypeOf } from 'expect-type'
import type { JwtPayload } from 'jsonwebtoken'
import { expressjwt } from 'express-jwt'
import { createTokenBlacklist, isRevokedFor, rejectBlacklisted, tokenBlacklist } from 'holdfast'
import type { Cache, Revoked, RevokedAll, Stored, TokenBlacklist, TokenClaims } from 'holdfast'

declare const cache: Cache
declare const claims: JwtPayload
declare const unchecked: JwtPayload | undefined

const blacklist = createTokenBlacklist({
  cache,
  clockTolerance: 5,
  maxTokenAge: '30d',
  whenStale: 'reject',
  capacity: 10,
})
expectTypeOf(blacklist).toEqualTypeOf<TokenBlacklist>()
expectTypeOf(tokenBlacklist()).toEqualTypeOf<TokenBlacklist>()
expectTypeOf(createTokenBlacklist()).toEqualTypeOf<TokenBlacklist>()

// The token, the claims as jsonwebtoken and express-jwt type them, or claims of one's own.
expectTypeOf(blacklist.revoke('token')).toEqualTypeOf<Promise<Stored>>()
expectTypeOf(blacklist.revoke(claims, { lifetime: '1h' })).toEqualTypeOf<Promise<Stored>>()
expectTypeOf(blacklist.isRevoked(claims)).toEqualTypeOf<Promise<boolean>>()
expectTypeOf(blacklist.isRevoked('token')).toEqualTypeOf<Promise<boolean>>()
expectTypeOf(blacklist.revokeAll('7')).toEqualTypeOf<Promise<RevokedAll>>()
expectTypeOf<RevokedAll>().toEqualTypeOf<{ readonly stored: Stored; readonly newTokensFrom: Date }>()
expectTypeOf(blacklist.revoke('token', { replicas: 1 })).toEqualTypeOf<Promise<Revoked>>()
expectTypeOf(blacklist.revokeAll('7', { replicas: 1 })).toEqualTypeOf<Promise<RevokedAll<Revoked>>>()
expectTypeOf<Revoked>().toEqualTypeOf<Stored | 'replicated'>()
expectTypeOf<Stored>().toEqualTypeOf<'redis' | 'memory' | 'none'>()
expectTypeOf<JwtPayload>().toExtend<TokenClaims>()
expectTypeOf<{ jti: string; role: string }>().toExtend<TokenClaims>()

// @ts-expect-error -- what has not been checked for undefined, as req.auth may be
void blacklist.revoke(unchecked)
// @ts-expect-error -- exp is in seconds, as a number
void blacklist.revoke({ jti: '1', exp: new Date() })
void blacklist.revokeAll(7)
// @ts-expect-error -- a subject is a string or a number
void blacklist.revokeAll({ sub: 7 })
// @ts-expect-error -- there is no such option
void blacklist.revoke('token', { ttl: '1h' })
// @ts-expect-error -- there is no such option
createTokenBlacklist({ redis: 'redis://127.0.0.1' })
// @ts-expect-error -- one of two words
createTokenBlacklist({ whenStale: 'maybe' })

// A middleware under Express 4 and 5, and under whatever else stands on node:http.
expectTypeOf(rejectBlacklisted()).toExtend<
  (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void
>()
rejectBlacklisted({ blacklist })
expectTypeOf(rejectBlacklisted().forgetVerified).toEqualTypeOf<() => void>()
rejectBlacklisted({ token: 'bearer' })
rejectBlacklisted({ token: { cookie: 'session' }, whenMissing: 'reject', respond: 'json' })
rejectBlacklisted({
  token: (req) => (typeof req.headers['x-token'] === 'string' ? req.headers['x-token'] : undefined),
})
rejectBlacklisted({ verify: { key: 'secret', algorithms: ['HS256'] } })
rejectBlacklisted({ verify: { key: ({ kid }) => (kid === '1' ? 'pem' : undefined), algorithms: ['RS256'] } })
// @ts-expect-error -- the algorithms have to be named
rejectBlacklisted({ verify: { key: 'secret' } })

// express-jwt takes it as it is.
expressjwt({ secret: 'secret', algorithms: ['HS256'], isRevoked: isRevokedFor(blacklist) })
declare const incoming: IncomingMessage
void blacklist.revoke(incoming)
void blacklist.revokeAll('7', { by: 'sid', except: incoming, issuedBefore: new Date() })
expectTypeOf(blacklist.restore('token')).toEqualTypeOf<Promise<Stored>>()
// @ts-expect-error -- a blacklist, not its name
rejectBlacklisted({ blacklist: 'default' })
// @ts-expect-error -- there is no such option
rejectBlacklisted({ cache })
