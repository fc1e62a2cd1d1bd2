import type { IncomingMessage, ServerResponse } from 'node:http'
import { checkDefaultCache } from '../cache/default-cache'
import { checkOptions, describeValue } from '../check-options'
import { InvalidOptionError, TokenRevokedError } from '../errors'
import { identifyRequest } from './request-token'
import { TokenBlacklist, tokenBlacklist } from './token-blacklist'

/** How revoked tokens are refused. All of it may be left out. */
export interface RejectBlacklistedOptions {
  /** Which blacklist. @default the one over the default cache, looked up at each request */
  readonly blacklist?: TokenBlacklist
  /**
   * Where the token that was verified stands in the request. Needed where its claims have no `jti` and it comes
   * from elsewhere than the `Authorization` header, and where the verifier leaves no claims (passport-jwt leaves
   * a row of your database in `req.user`).
   *
   * @default the bearer token of the `Authorization` header, as long as it says what the verified claims say
   */
  readonly token?: (req: AnyRequest) => string | undefined
}

// What the application puts on a request is its own to type.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Anything = any

type AnyRequest = IncomingMessage & { readonly cookies?: Anything; readonly query?: Anything } & Record<
    string,
    Anything
  >

/**
 * Refuses requests whose token has been revoked: 401 with `WWW-Authenticate` (RFC 6750 §3), by way of
 * `next(error)` with a {@link TokenRevokedError}. Stands behind what verifies the token and leaves its claims
 * in `req.auth` (express-jwt) or `req.user`. A request without a token passes: whether one is needed is for
 * the verifier to say.
 *
 * A bearer token that nothing before has verified is an error of the server's (`UnverifiedTokenError`).
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
  checkOptions('rejectBlacklisted', options, ['blacklist', 'token'])
  const { blacklist, token } = options
  if (blacklist === undefined) checkDefaultCache()
  else if (!(blacklist instanceof TokenBlacklist)) {
    throw new InvalidOptionError(
      'rejectBlacklisted: blacklist',
      `expected a blacklist as createTokenBlacklist() makes it, got ${describeValue(blacklist)}`,
    )
  }
  if (token !== undefined && typeof token !== 'function') {
    throw new InvalidOptionError(
      'rejectBlacklisted: token',
      `expected a function of the request, got ${describeValue(token)}`,
    )
  }
  return function rejectBlacklisted(req, res, next) {
    isRefused(req, blacklist ?? tokenBlacklist(), token).then((refused) => {
      if (refused) refuse(res, next)
      else next()
    }, next)
  }
}

async function isRefused(
  req: IncomingMessage,
  blacklist: TokenBlacklist,
  read: RejectBlacklistedOptions['token'],
): Promise<boolean> {
  const token = identifyRequest(req, read)
  return token !== undefined && blacklist.isRevoked(req)
}

function refuse(res: ServerResponse, next: (error: unknown) => void): void {
  const error = new TokenRevokedError()
  res.setHeader('WWW-Authenticate', `Bearer error="invalid_token", error_description="${error.message}"`)
  res.setHeader('Cache-Control', 'no-store')
  next(error)
}
