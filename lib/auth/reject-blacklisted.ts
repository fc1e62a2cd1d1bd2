import type { IncomingMessage, ServerResponse } from 'node:http'
import { checkDefaultCache } from '../cache/default-cache'
import { checkOptions, describeValue } from '../check-options'
import { InvalidOptionError, InvalidTokenError, TokenRevokedError, UnverifiedTokenError } from '../errors'
import { TokenBlacklist, tokenBlacklist } from './token-blacklist'
import type { TokenClaims } from './token-id'
import { hasTokenId, saysTheSame } from './token-id'

/** How revoked tokens are refused. All of it may be left out. */
export interface RejectBlacklistedOptions {
  /** Which blacklist. @default the one over the default cache, looked up at each request */
  readonly blacklist?: TokenBlacklist
}

interface VerifiedRequest extends IncomingMessage {
  readonly auth?: unknown
  readonly user?: unknown
}

/**
 * Refuses requests whose token has been revoked: 401 with `WWW-Authenticate` (RFC 6750 §3), by way of
 * `next(error)` with a {@link TokenRevokedError}. Stands behind what verifies the token and leaves its claims
 * in `req.auth` (express-jwt) or `req.user`. A request without a token passes: whether one is needed is for
 * the verifier to say.
 *
 * A bearer token that nothing before has verified is an error of the server's ({@link UnverifiedTokenError}).
 *
 * @example
 * app.use('/api', expressjwt({ secret, algorithms: ['HS256'] }), rejectBlacklisted())
 *
 * @throws {InvalidOptionError} naming the option; {@link InvalidEnvironmentError} where the default cache
 *   could not be made.
 */
export function rejectBlacklisted(
  options: RejectBlacklistedOptions = {},
): (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void {
  checkOptions('rejectBlacklisted', options, ['blacklist'])
  const { blacklist } = options
  if (blacklist === undefined) checkDefaultCache()
  else if (!(blacklist instanceof TokenBlacklist)) {
    throw new InvalidOptionError(
      'rejectBlacklisted: blacklist',
      `expected a blacklist as createTokenBlacklist() makes it, got ${describeValue(blacklist)}`,
    )
  }
  return function rejectBlacklisted(req, res, next) {
    isRefused(req, blacklist ?? tokenBlacklist()).then((refused) => {
      if (refused) refuse(res, next)
      else next()
    }, next)
  }
}

async function isRefused(req: VerifiedRequest, blacklist: TokenBlacklist): Promise<boolean> {
  const token = bearerToken(req)
  const claims = verifiedClaims(req)
  if (claims !== undefined) {
    return blacklist.isRevoked(hasTokenId(claims) ? claims : requireSource(token, claims))
  }
  if (token === undefined) return false
  throw new UnverifiedTokenError(
    'rejectBlacklisted: nothing has verified the bearer token of this request; put it behind express-jwt or the like, which leaves the claims in req.auth',
  )
}

/**
 * Claims without a jti are identified by their token: by the bearer token, if it is the one that was verified.
 * A user who is no claims, a row of a database as passport-jwt leaves it, says nothing to compare with.
 */
function requireSource(token: string | undefined, claims: TokenClaims): string {
  const isRow = claims.iat === undefined && claims.exp === undefined
  if (token !== undefined && (isRow || saysTheSame(token, claims))) return token
  throw new InvalidTokenError(
    'rejectBlacklisted: the verified claims have no jti, and they are not those of the bearer token: sign tokens with a jti (jsonwebtoken: { jwtid })',
  )
}

function refuse(res: ServerResponse, next: (error: unknown) => void): void {
  const error = new TokenRevokedError()
  res.setHeader('WWW-Authenticate', `Bearer error="invalid_token", error_description="${error.message}"`)
  res.setHeader('Cache-Control', 'no-store')
  next(error)
}

function verifiedClaims({ auth, user }: VerifiedRequest): TokenClaims | undefined {
  return [auth, user].find((found): found is TokenClaims => typeof found === 'object' && found !== null)
}

/** The token of the Authorization header (RFC 6750 §2.1); the scheme's case doesn't matter (RFC 9110 §11.1). */
function bearerToken({ headers }: IncomingMessage): string | undefined {
  return /^bearer +(\S+)$/i.exec(headers.authorization?.trim() ?? '')?.[1]
}
