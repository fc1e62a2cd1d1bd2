import type { IncomingMessage } from 'node:http'
import { describeValue, wholeNumber } from '../check-options'
import type { Stored } from '../client/client-state'
import type { Duration } from '../duration'
import { MAX_DURATION_MS, parseDuration } from '../duration'
import { InvalidOptionError, InvalidTokenError } from '../errors'
import type { TokenClaims } from './token-id'

/** What is at hand of a token: the request that it came with, the verified token itself, or its claims. */
export type GivenToken = IncomingMessage | string | TokenClaims

/** Where a revocation stands: as any change, or in replicas of Redis too, which it was asked to wait for. */
export type Revoked = Stored | 'replicated'

/** How much is to have a revocation before it is done. */
export interface ReplicaOptions {
  /**
   * How many replicas of Redis, 1 up: then it outlives the loss of the master. It is waited for within
   * `commandTimeout`, and takes a connection of its own. `'redis'` says that so many have not confirmed it in time.
   */
  readonly replicas: number
}

/** What `revoke` may say beside the token. */
export interface RevokeOptions {
  /** How long a token without `exp` is to be refused: milliseconds, or a string like `'30d'`. Never shortens `exp`. */
  readonly lifetime?: Duration
}

/** What `revokeAll` may say beside the subject. */
export interface RevokeAllOptions {
  /** The claim that names the subject, one of the blacklist's `subjectClaims`. @default 'sub' */
  readonly by?: string
  /** Tokens that were issued before this are refused; not later than now. @default now, and the rest of this second */
  readonly issuedBefore?: Date
  /**
   * What stays good: the token of a request, a token, or its claims with their `jti`; or a whole session, by claims
   * that have a `sid` and no `jti`. Until the next `revokeAll` of the subject.
   */
  readonly except?: GivenToken
}

/** Which cut-off `restoreAll` takes back. */
export interface RestoreAllOptions {
  /** The claim that names the subject. @default 'sub' */
  readonly by?: string
}

/** What `revokeAll` has done. */
export interface RevokedAll<Where extends Revoked = Stored> {
  /** Where it stands. */
  readonly stored: Where
  /**
   * From when on new tokens pass. `iat` has whole seconds, so a login within the second of the call is
   * refused too.
   */
  readonly newTokensFrom: Date
}

/** What operators see of a revocation. */
export interface ListedRevocation {
  /** One token, or all tokens of a subject that were issued before some time. */
  readonly kind: 'token' | 'subject'
  /** What it is filed under: `blacklist:<id>`, `blacklist:subject:<id>`. */
  readonly id: string
  /** Before when tokens of the subject are refused. */
  readonly issuedBefore: Date | undefined
  /** Until when it matters. */
  readonly until: Date
}

/**
 * Until when a token could be accepted, or longer where that is asked for, in whole Unix seconds.
 *
 * @throws {InvalidTokenError} for an `exp` that is none, and where there is none and no lifetime.
 */
export function endOf(
  { exp }: TokenClaims,
  { lifetime }: RevokeOptions,
  { now, clockTolerance }: { readonly now: number; readonly clockTolerance: number },
): number {
  const asked = lifetime === undefined ? undefined : now + parseDuration(lifetime, 'revoke: lifetime') / 1000
  if (exp === undefined) {
    if (asked !== undefined) return Math.ceil(asked)
    throw new InvalidTokenError(
      'the token has no exp: say how long to refuse it, revoke(token, { lifetime })',
    )
  }
  if (typeof exp !== 'number' || !Number.isFinite(exp) || exp - now > MAX_DURATION_MS / 1000) {
    throw new InvalidTokenError(
      `expected exp in seconds since 1970, at most 100 years ahead, got ${describeValue(exp)}`,
    )
  }
  return Math.ceil(Math.max(exp + clockTolerance, asked ?? 0))
}

/**
 * How many replicas are to confirm it; 0 where none is asked.
 *
 * @throws {InvalidOptionError} for what is no such number.
 */
export function replicasOf(owner: string, { replicas }: Partial<ReplicaOptions>): number {
  return replicas === undefined ? 0 : wholeNumber(`${owner}: replicas`, replicas, { min: 1, default: 1 })
}

/**
 * Before when tokens are refused, in whole Unix seconds.
 *
 * @throws {InvalidOptionError} for what is no date, and for one that is yet to come.
 */
export function cutOffOf(issuedBefore: unknown, now: number): number {
  if (issuedBefore === undefined) return Math.floor(now) + 1
  const seconds = issuedBefore instanceof Date ? issuedBefore.getTime() / 1000 : Number.NaN
  if (seconds >= 0 && seconds <= now) return Math.ceil(seconds)
  throw new InvalidOptionError(
    'revokeAll: issuedBefore',
    `expected a Date between 1970 and now, got ${issuedBefore instanceof Date ? String(issuedBefore) : describeValue(issuedBefore)}`,
  )
}

/**
 * A subject as it is filed: tokens carry it as a string, or as a number.
 *
 * @throws {InvalidTokenError} for what is none. It is not shown where it is text.
 */
export function checkSubject(subject: string | number, by: string): string {
  const isText = typeof subject === 'string' && subject.trim() !== ''
  if (!isText && !Number.isFinite(subject)) {
    throw new InvalidTokenError(`expected a subject, as it stands in ${by}, got ${describeValue(subject)}`)
  }
  return String(subject)
}
