import type { IncomingMessage, ServerResponse } from 'node:http'
import { keepInDictionaries } from '../dictionaries'
import { RevocationsUnavailableError, TokenMissingError, TokenRevokedError } from '../errors'
import { refuse } from './refuse'
import { checkTolerance, resolveRejectOptions } from './reject-options'
import type { RejectBlacklistedOptions, RejectConfiguration } from './reject-options'
import { identifyRequest, remember } from './request-token'
import { tokenBlacklist } from './token-blacklist'
import type { TokenBlacklist, Verdict } from './token-blacklist'
import type { IdentifiedToken, TokenClaims } from './token-id'
import type { ReadToken } from './token-source'
import type { TokenVerifier } from './token-verifier'
import type { VerifiedToken } from './verified-tokens'

/** The middleware that {@link rejectBlacklisted} makes, for Express 4 and 5. */
export interface RejectBlacklisted {
  (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void): void
  /** Forgets which tokens it has verified itself: after a change of what is accepted. */
  forgetVerified(): void
}

/**
 * Refuses requests whose token has been revoked: 401 with `WWW-Authenticate` (RFC 6750 §3), by way of
 * `next(error)` with a {@link TokenRevokedError}. Stands behind what verifies the token and leaves its claims
 * in `req.auth` (express-jwt) or `req.user`, or verifies itself, given `verify`.
 *
 * A bearer token that nothing has verified is an error of the server's (`UnverifiedTokenError`).
 *
 * @example
 * app.use('/api', expressjwt({ secret, algorithms: ['HS256'] }), rejectBlacklisted())
 *
 * @throws {InvalidOptionError} naming the option; {@link InvalidEnvironmentError} where the default cache
 *   could not be made.
 */
export function rejectBlacklisted(options?: RejectBlacklistedOptions): RejectBlacklisted {
  const configuration = resolveRejectOptions(options)
  const { verifier, respond } = configuration
  const judge = judgeBy(configuration)

  function rejectBlacklisted(
    req: IncomingMessage,
    res: ServerResponse,
    next: (error?: unknown) => void,
  ): void {
    let refusal: Refusal | Promise<Refusal>
    keepInDictionaries(req, res)
    try {
      refusal = judge(req)
    } catch (error) {
      refusal = error as Error
    }
    if (refusal === undefined) next()
    else if (refusal instanceof Promise) settleLater(refusal, res, next)
    else refuse(res, refusal, { respond, next })
  }

  function settleLater(judged: Promise<Refusal>, res: ServerResponse, next: (error?: unknown) => void): void {
    const settle = (refusal: unknown): void => {
      if (refusal === undefined) next()
      else refuse(res, refusal, { respond, next })
    }
    judged.then(settle, settle)
  }

  return Object.assign(rejectBlacklisted, {
    forgetVerified: () => {
      verifier?.forgetAll()
    },
  })
}

/** Why a request is refused; `undefined` where it passes. */
type Refusal = Error | undefined

type Found = IdentifiedToken | undefined

/** No promise, and nothing made, where nothing is waited for: most requests pass by a look-up in this process. */
function judgeBy(configuration: RejectConfiguration): (req: IncomingMessage) => Refusal | Promise<Refusal> {
  const { blacklist, verifier, read, passesMissing, isMissingNamed, clockTolerance } = configuration
  const find =
    verifier === undefined || read === undefined
      ? (req: IncomingMessage) => identifyRequest(req, read, isMissingNamed)
      : (req: IncomingMessage) => verifyRequest(req, read, verifier)

  function refusalBy(verdict: Verdict, req: IncomingMessage, list: TokenBlacklist): Refusal {
    if (verdict === 'valid') return undefined
    if (verdict === 'unknown') return list.isStrict ? new RevocationsUnavailableError() : undefined
    const token = verifier && read?.(req)
    if (token !== undefined) verifier?.forget(token)
    return new TokenRevokedError()
  }

  function refusalOf(token: Found, req: IncomingMessage, list: TokenBlacklist): Refusal | Promise<Refusal> {
    if (token === undefined) return passesMissing ? undefined : new TokenMissingError()
    const verdict = list.judge(token)
    if (typeof verdict === 'string') return refusalBy(verdict, req, list)
    return verdict.then((later) => refusalBy(later, req, list))
  }

  return (req) => {
    const list = blacklist ?? tokenBlacklist()
    if (blacklist === undefined) checkTolerance(clockTolerance, list)
    const found = find(req)
    if (found instanceof Promise) return found.then((later) => refusalOf(later, req, list))
    return refusalOf(found, req, list)
  }
}

/** Verifies the token of a request, and leaves its claims in `req.auth`, as express-jwt does. */
function verifyRequest(
  req: IncomingMessage,
  read: ReadToken,
  verifier: TokenVerifier,
): Found | Promise<Found> {
  const raw = read(req)
  if (raw === undefined) return undefined
  const verified = verifier.verify(raw)
  return verified instanceof Promise ? verified.then((later) => accept(req, later)) : accept(req, verified)
}

function accept(req: IncomingMessage & { auth?: TokenClaims }, { token }: VerifiedToken): IdentifiedToken {
  // Of its own for each request: what is added to it is nobody else's.
  req.auth = { ...token.claims }
  return remember(req, token)
}
