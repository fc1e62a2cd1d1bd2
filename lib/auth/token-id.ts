import { hash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { describeValue } from '../check-options'
import { InvalidTokenError } from '../errors'

/** RFC 7519 §4.1. */
const REGISTERED_CLAIMS = ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti']

/** The claims of a verified token, as far as revoking needs them. Times are in seconds (RFC 7519 §2). */
export interface TokenClaims {
  /** The token's own id. */
  readonly jti?: string | undefined
  /** Who issued it: ids are unique within an issuer. */
  readonly iss?: string | undefined
  /** Whom it is about. */
  readonly sub?: string | undefined
  /** When it was issued. */
  readonly iat?: number | undefined
  /** When it expires. */
  readonly exp?: number | undefined
}

/** A token as the blacklist knows it: claims, and the name that a revocation of it is filed under. */
export interface IdentifiedToken {
  readonly id: string
  readonly claims: TokenClaims
}

/**
 * Finds what a revocation of a token is filed under: its `jti` within its `iss`, else the SHA-256 of what its
 * signature covers. Never the token itself: one token can be written in several ways that all verify, since
 * the unused bits of a signature's last character, or the twin of an ECDSA signature, do not change what is signed.
 *
 * @param given - the claims of a verified token, or the verified token.
 * @throws {InvalidTokenError} for claims without a `jti`, and for what is no token. The token is not shown.
 */
export function identifyToken(given: string | TokenClaims): IdentifiedToken {
  if (typeof given === 'string') return identifyRaw(given)
  if (!isObject(given)) {
    throw new InvalidTokenError(`expected a verified token or its claims, got ${describeValue(given)}`)
  }
  if (hasTokenId(given)) return { id: idOfJti(given.jti, given.iss), claims: given }
  throw new InvalidTokenError(
    'the claims have no jti to file the revocation under: sign tokens with one (jsonwebtoken: { jwtid }), or give the token itself',
  )
}

/** Whether claims have an id of their own that a revocation can be filed under. */
export function hasTokenId(claims: TokenClaims): claims is TokenClaims & { readonly jti: string } {
  return typeof claims.jti === 'string' && claims.jti !== ''
}

/** Whether a token says what these claims say. They may say more: an application adds to what it has verified. */
export function saysTheSame(token: string, claims: TokenClaims): boolean {
  const said: Record<string, unknown> | undefined = readClaims(token.split('.')[1] ?? '')
  // What has no times of a token is no claims: there is nothing to compare.
  if (said === undefined || (claims.iat === undefined && claims.exp === undefined)) return false
  return [...REGISTERED_CLAIMS, ...Object.keys(said)].every((name) =>
    isDeepStrictEqual(said[name], (claims as Record<string, unknown>)[name]),
  )
}

/** What a cut-off for all tokens of a subject is filed under. */
export function subjectId(subject: string): string {
  return `subject:${digest('sub', subject)}`
}

function identifyRaw(token: string): IdentifiedToken {
  const [header, payload, signature, ...rest] = token.split('.')
  const claims = payload === undefined || !signature || rest.length > 0 ? undefined : readClaims(payload)
  if (claims === undefined) {
    throw new InvalidTokenError('expected a signed token of three parts, as jsonwebtoken makes it')
  }
  if (typeof claims.jti === 'string' && claims.jti !== '')
    return { id: idOfJti(claims.jti, claims.iss), claims }
  return { id: digest('signed', `${String(header)}.${String(payload)}`), claims }
}

function readClaims(payload: string): (TokenClaims & Record<string, unknown>) | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString())
    return isObject(claims) ? (claims as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function idOfJti(jti: string, iss: unknown): string {
  return digest('jti', JSON.stringify([typeof iss === 'string' ? iss : null, jti]))
}

function digest(kind: string, text: string): string {
  return hash('sha256', `${kind}\0${text}`, 'hex').slice(0, 32)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
