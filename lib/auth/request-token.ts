import { IncomingMessage } from 'node:http'
import { InvalidTokenError, UnverifiedTokenError } from '../errors'
import type { GivenToken } from './revoke-options'
import { hasTimes, hasTokenId, identifyToken, saysTheSame } from './token-id'
import type { IdentifiedToken, TokenClaims } from './token-id'
import { bearerToken } from './token-source'
import type { ReadToken } from './token-source'

/**
 * Where a request has what a middleware has identified, for whoever revokes its token later. A WeakMap of requests
 * would cost eight times as much.
 */
const IDENTIFIED = Symbol('holdfast: the token of this request')

interface VerifiedRequest extends IncomingMessage {
  readonly auth?: unknown
  readonly user?: unknown
  [IDENTIFIED]?: IdentifiedToken
}

/** Remembers which token a request was found to have. */
export function remember(req: IncomingMessage, token: IdentifiedToken): IdentifiedToken {
  ;(req as VerifiedRequest)[IDENTIFIED] = token
  return token
}

/**
 * The token of a request that has been verified: by the claims that the verifier left in `req.auth` or `req.user`,
 * where they have a `jti`; else by the token itself, which has to say what those claims say.
 *
 * @param read - where the token is that was verified, if somebody has said so; else it is the bearer token.
 * @param mayLack - whether somebody has said what becomes of a user who has none there, let in by a session.
 * @returns `undefined` where there is neither a token nor claims.
 * @throws {UnverifiedTokenError} for a token without anything verified; {@link InvalidTokenError} for what can't be
 *   identified for certain.
 */
export function identifyRequest(
  req: IncomingMessage,
  read?: ReadToken,
  mayLack = false,
): IdentifiedToken | undefined {
  const claims = verifiedClaims(req)
  // Most requests are known by their claims alone.
  if (read === undefined && claims !== undefined && isNamedBy(claims, req))
    return remember(req, identifyToken(claims))
  const token = read === undefined ? bearerToken(req) : read(req)
  if (claims === undefined) {
    if (token === undefined) return undefined
    throw new UnverifiedTokenError(
      'rejectBlacklisted: nothing has verified the token of this request; put it behind express-jwt or the like, which leaves the claims in req.auth',
    )
  }
  if (hasTokenId(claims) && hasTimes(claims)) return remember(req, identifyToken(claims))
  // A user who is no claims, a row of a database, says nothing that a token could be compared with.
  const isNamed = read !== undefined && !hasTimes(claims)
  if (token === undefined && isNamed && mayLack) return undefined
  if (token !== undefined && (isNamed || saysTheSame(token, claims)))
    return remember(req, identifyToken(token))
  if (token === undefined && isNamed) {
    throw new InvalidTokenError(
      "rejectBlacklisted: there is a req.user and no token where it was said to be; where sessions let users in as well, say what becomes of them: { whenMissing: 'pass' }",
    )
  }
  throw new InvalidTokenError(
    hasTimes(claims)
      ? 'rejectBlacklisted: what was verified has no jti, and the bearer token does not say the same: sign tokens with a jti (jsonwebtoken: { jwtid }) and leave the claims in req.auth as they are, or say where the token is: { token: (req) => … }'
      : "rejectBlacklisted: req.user is no claims of a token: say where the token is that was verified, { token: 'bearer' } or { token: { cookie: 'name' } } or { token: (req) => … }",
  )
}

/**
 * What was given in place of a token, identified.
 *
 * @throws {InvalidTokenError} for what can't be identified.
 */
export function identifyGiven(given: GivenToken): IdentifiedToken {
  if (!(given instanceof IncomingMessage)) return identifyToken(given)
  const token = (given as VerifiedRequest)[IDENTIFIED] ?? identifyRequest(given)
  if (token !== undefined) return token
  throw new InvalidTokenError('expected a request with a token, got one without')
}

/** Whether claims have the id of their token: a jti alone may be a column of a user's row, but not in `req.auth`. */
function isNamedBy(claims: TokenClaims, req: VerifiedRequest): boolean {
  return hasTokenId(claims) && (hasTimes(claims) || claims === req.auth)
}

function verifiedClaims({ auth, user }: VerifiedRequest): TokenClaims | undefined {
  if (typeof auth === 'object' && auth !== null) return auth
  return typeof user === 'object' && user !== null ? user : undefined
}
