import { checkDefaultCache } from '../cache/default-cache'
import { checkOptions, describeValue, oneOf } from '../check-options'
import { InvalidOptionError } from '../errors'
import type { Respond } from './refuse'
import { TokenBlacklist } from './token-blacklist'
import { tokenReader } from './token-source'
import type { ReadToken, TokenSource } from './token-source'
import { TokenVerifier } from './token-verifier'
import { resolveVerifyOptions } from './verify-options'
import type { VerifyOptions } from './verify-options'

/** How revoked tokens are refused. All of it may be left out. */
export interface RejectBlacklistedOptions {
  /** Which blacklist. @default the one over the default cache, looked up at each request */
  readonly blacklist?: TokenBlacklist
  /**
   * Where the token stands that was verified. Needed where its claims have no `jti` and it comes from elsewhere than
   * the `Authorization` header, and where the verifier leaves no claims (passport-jwt leaves a row of your database in
   * `req.user`). It has to be where the verifier takes it from: another one would be looked up.
   *
   * @default the bearer token, as long as it says what the verified claims say; with `verify` the bearer token
   */
  readonly token?: TokenSource
  /**
   * Verifies tokens itself, in place of another verifier, and leaves the claims in `req.auth`. Each token is verified
   * once; after that a request costs a hash and a look-up.
   */
  readonly verify?: VerifyOptions
  /**
   * What becomes of a request without a token: it passes, or is refused with 401. Named together with `token`, it holds
   * for users in `req.user` too, whom a session let in; else such a request is an error, since the token may stand
   * elsewhere.
   *
   * @default 'pass'; with `verify` 'reject'
   */
  readonly whenMissing?: 'pass' | 'reject'
  /**
   * How a refusal reaches the client: by `next(error)`, or as a JSON body of RFC 6750's words.
   *
   * @default 'next'
   */
  readonly respond?: Respond
}

/** How tokens are refused: every option resolved. */
export interface RejectConfiguration {
  readonly blacklist: TokenBlacklist | undefined
  readonly read: ReadToken | undefined
  readonly verifier: TokenVerifier | undefined
  /** That of the verifier, in seconds. */
  readonly clockTolerance: number | undefined
  readonly passesMissing: boolean
  /** Whether somebody has said so. */
  readonly isMissingNamed: boolean
  readonly respond: Respond
}

const OWNER = 'rejectBlacklisted'

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {InvalidOptionError} naming the option; {@link InvalidEnvironmentError} where the default cache could not be
 *   made.
 */
export function resolveRejectOptions(options: RejectBlacklistedOptions = {}): RejectConfiguration {
  checkOptions(OWNER, options, ['blacklist', 'token', 'verify', 'whenMissing', 'respond'])
  const { blacklist, token, verify } = options
  if (blacklist === undefined) checkDefaultCache()
  else if (!(blacklist instanceof TokenBlacklist)) {
    throw new InvalidOptionError(
      `${OWNER}: blacklist`,
      `expected a blacklist as createTokenBlacklist() makes it, got ${describeValue(blacklist)}`,
    )
  }
  const whenMissing = oneOf(
    `${OWNER}: whenMissing`,
    options.whenMissing,
    ['pass', 'reject'],
    verify === undefined ? 'pass' : 'reject',
  )
  const resolved = verify === undefined ? undefined : resolveVerifyOptions(verify)
  if (blacklist !== undefined) checkTolerance(resolved?.clockTolerance, blacklist)
  const source = token ?? (verify === undefined ? undefined : 'bearer')
  return Object.freeze({
    blacklist,
    read: source === undefined ? undefined : tokenReader(`${OWNER}: token`, source),
    verifier: resolved === undefined ? undefined : new TokenVerifier(resolved),
    clockTolerance: resolved?.clockTolerance,
    passesMissing: whenMissing === 'pass',
    isMissingNamed: options.whenMissing !== undefined,
    respond: oneOf(`${OWNER}: respond`, options.respond, ['next', 'json'], 'next'),
  })
}

/**
 * Refuses to accept tokens for longer after their `exp` than the blacklist remembers them.
 *
 * @throws {InvalidOptionError} naming the option.
 */
export function checkTolerance(verifying: number | undefined, { clockTolerance }: TokenBlacklist): void {
  if (verifying === undefined || verifying <= clockTolerance) return
  throw new InvalidOptionError(
    `${OWNER}: verify.clockTolerance`,
    `expected at most the clockTolerance of the blacklist (${String(clockTolerance)}), got ${String(verifying)}`,
  )
}
