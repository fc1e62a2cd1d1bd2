import { hash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { describeValue } from '../check-options'
import { InvalidTokenError } from '../errors'
import { RecentIds } from './recent-ids'

const recentIds = new RecentIds()

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
  /** The session that it is of (OpenID Connect Front-Channel Logout §3). */
  readonly sid?: string | undefined
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
 * Finds what a revocation of a token is filed under: its `jti` within its `iss`, else the SHA-256 of all that it
 * claims. Never the token as it was sent: one token can be written in several ways that all verify, since the unused
 * bits of a signature's last character, or the twin of an ECDSA signature, do not change what is signed. Nor its
 * header: whoever sends a second token beside the one that is verified can make one up.
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

/** The same for all the claims of a token that has been verified, with a `jti` or without: nothing may be missing. */
export function identifyClaims(claims: TokenClaims): IdentifiedToken {
  return {
    id: hasTokenId(claims) ? idOfJti(claims.jti, claims.iss) : digest('claims', canonical(claims)),
    claims,
  }
}

/** Whether claims have an id of their own that a revocation can be filed under. */
export function hasTokenId(claims: TokenClaims): claims is TokenClaims & { readonly jti: string } {
  return typeof claims.jti === 'string' && claims.jti !== ''
}

/** Whether claims can be those of a token, and not a row of a database: tokens have times. */
export function hasTimes(claims: TokenClaims): boolean {
  return claims.iat !== undefined || claims.exp !== undefined
}

/**
 * Whether a token says what these claims say, all of it and nothing else: a token that says less may be somebody's
 * invention, sent beside the one that was verified.
 */
export function saysTheSame(token: string, claims: TokenClaims): boolean {
  const said = readClaims(token.split('.')[1] ?? '')
  // What has no times of a token is no claims: there is nothing to compare.
  if (said === undefined || !hasTimes(claims)) return false
  const verified = claims as Record<string, unknown>
  return [...REGISTERED_CLAIMS, ...Object.keys(said), ...Object.keys(verified)].every((name) =>
    isDeepStrictEqual(said[name], verified[name]),
  )
}

/** What a cut-off for all tokens with this value of a claim is filed under. */
export function subjectId(value: string, claim = 'sub'): string {
  return claim === 'sub' ? digest('sub', value) : digest('by', JSON.stringify([claim, value]))
}

/** What a token, or a session, is filed under that a cut-off spares. */
export function exemptionId(subject: string, spared: string): string {
  return digest('except', JSON.stringify([subject, spared]))
}

/** The claims of a token by which its session, its subject and the like are known: a string by RFC 7519, often a number. */
export function claimText(claims: TokenClaims, claim: string): string | undefined {
  return textOf((claims as Record<string, unknown>)[claim])
}

/** The same, of a claim that may have several values, as `aud` may (RFC 7519 §4.1.3). */
export function claimTexts(claims: TokenClaims, claim: string): string[] {
  const value = (claims as Record<string, unknown>)[claim]
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  return values.map(textOf).filter((text) => text !== undefined)
}

function textOf(value: unknown): string | undefined {
  return (typeof value === 'string' && value !== '') || typeof value === 'number' ? String(value) : undefined
}

function identifyRaw(token: string): IdentifiedToken {
  const [, payload, signature, ...rest] = token.split('.')
  const claims = payload === undefined || !signature || rest.length > 0 ? undefined : readClaims(payload)
  if (claims === undefined) {
    throw new InvalidTokenError('expected a signed token of three parts, as jsonwebtoken makes it')
  }
  return identifyClaims(claims)
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
  return recentIds.idOf(jti, typeof iss === 'string' ? iss : undefined, hashed)
}

/** Of the pair as JSON writes it. */
function hashed(jti: string, iss: string | undefined): string {
  return digest('jti', `[${iss === undefined ? 'null' : quoted(iss)},${quoted(jti)}]`)
}

/** A string as JSON writes it: what needs no escaping, as most don't, in a third of the time. */
function quoted(text: string): string {
  return /[^ !#-[\]-~]/.test(text) ? JSON.stringify(text) : `"${text}"`
}

/** JSON with the names in their order: the same for whatever parses to the same. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) =>
    isObject(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  )
}

function digest(kind: string, text: string): string {
  return hash('sha256', `${kind}\0${text}`, 'hex').slice(0, 32)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
