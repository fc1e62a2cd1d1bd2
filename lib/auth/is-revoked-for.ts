import type { IncomingMessage } from 'node:http'
import { describeValue } from '../check-options'
import { InvalidOptionError, InvalidTokenError } from '../errors'
import { remember } from './request-token'
import { TokenBlacklist, tokenBlacklist } from './token-blacklist'
import { identifyClaims } from './token-id'
import type { TokenClaims } from './token-id'

/** A verified token as express-jwt hands it over. */
interface DecodedToken {
  readonly payload: string | TokenClaims
}

/**
 * Answers express-jwt's `isRevoked`, in place of a middleware behind it. Needs no `jti`: express-jwt hands over all that
 * the token claims.
 *
 * @example
 * app.use('/api', expressjwt({ secret, algorithms: ['HS256'], isRevoked: isRevokedFor(blacklist) }))
 *
 * @param blacklist - which one. The one over the default cache, if left out.
 * @throws {InvalidOptionError} for what is no blacklist.
 */
export function isRevokedFor(
  blacklist?: TokenBlacklist,
): (req: IncomingMessage, token: DecodedToken | undefined) => Promise<boolean> {
  if (blacklist !== undefined && !(blacklist instanceof TokenBlacklist)) {
    throw new InvalidOptionError(
      'isRevokedFor',
      `expected a blacklist as createTokenBlacklist() makes it, got ${describeValue(blacklist)}`,
    )
  }
  return async function isRevoked(req, token) {
    if (token === undefined) return false
    if (typeof token.payload === 'string')
      throw new InvalidTokenError('expected a token whose payload is claims, got text')
    remember(req, identifyClaims(token.payload))
    return (blacklist ?? tokenBlacklist()).isRevoked(req)
  }
}
