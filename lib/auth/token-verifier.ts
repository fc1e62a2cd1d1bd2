import type { KeyObject } from 'node:crypto'
import { InvalidOptionError, TokenRejectedError } from '../errors'
import { identifyClaims } from './token-id'
import type { TokenClaims } from './token-id'
import { VerificationKeys } from './verification-keys'
import { VerifiedTokens } from './verified-tokens'
import type { VerifiedToken } from './verified-tokens'
import type { TokenHeader, VerificationKey, VerifyConfiguration } from './verify-options'

/** As jsonwebtoken has it, whose types need not be installed. */
type Verify = (token: string, key: KeyObject, options: object) => unknown

/** Verifies tokens with jsonwebtoken, each of them once for as long as it is good. */
export class TokenVerifier {
  readonly #configuration: VerifyConfiguration
  readonly #keys: VerificationKeys
  readonly #known: VerifiedTokens
  readonly #key: KeyObject | undefined
  readonly #options: object
  readonly #verify = loadVerify()

  constructor(configuration: VerifyConfiguration) {
    const { key, algorithms, issuer, audience, clockTolerance, isSecret, rememberTokens } = configuration
    this.#configuration = configuration
    this.#keys = new VerificationKeys(isSecret)
    this.#known = new VerifiedTokens(rememberTokens)
    if (typeof key !== 'function') this.#key = this.#keys.of(key)
    this.#options = {
      algorithms,
      clockTolerance,
      ...(issuer !== undefined && { issuer }),
      ...(audience !== undefined && { audience }),
    }
  }

  /**
   * What a token says, once it is verified: at once where that has been done before, or the key is at hand.
   *
   * @throws {TokenRejectedError} where it does not verify.
   */
  verify(token: string): VerifiedToken | Promise<VerifiedToken> {
    const name = this.#known.nameOf(token)
    const known = this.#known.find(name)
    if (this.#key !== undefined) return known ?? this.#verified(token, name, this.#key)
    return this.#verifyByHeader(token, name, known)
  }

  /** Forgets that a token was verified. */
  forget(token: string): void {
    this.#known.forget(this.#known.nameOf(token))
  }

  /** Forgets of all tokens that they were verified. */
  forgetAll(): void {
    this.#known.clear()
  }

  /** Asks for the key each time: one that is no longer returned is no longer good. */
  async #verifyByHeader(
    token: string,
    name: string,
    known: VerifiedToken | undefined,
  ): Promise<VerifiedToken> {
    const header = known?.header ?? readHeader(token)
    const { key: find } = this.#configuration
    const given = typeof find === 'function' ? await (find as FindKey)(header) : undefined
    if (given === undefined || given === null) throw new TokenRejectedError()
    const key = this.#keys.of(given)
    return known?.key === key ? known : this.#verified(token, name, key)
  }

  #verified(token: string, name: string, key: KeyObject): VerifiedToken {
    const claims = this.#claimsOf(token, key)
    const { exp } = claims
    const until = exp === undefined ? Infinity : (exp + this.#configuration.clockTolerance) * 1000
    const verified = { token: identifyClaims(frozen(claims)), until, key, header: readHeader(token) }
    this.#known.keep(name, verified)
    return verified
  }

  #claimsOf(token: string, key: KeyObject): TokenClaims {
    let claims: unknown
    try {
      claims = this.#verify(token, key, this.#options)
    } catch (error) {
      throw new TokenRejectedError(error)
    }
    // A payload of another kind is text that somebody has signed.
    if (typeof claims !== 'object' || claims === null) throw new TokenRejectedError()
    return claims
  }
}

/** Looking up what isn't there gives `null` in many a library. */
type FoundKey = VerificationKey | null | undefined
type FindKey = (header: TokenHeader) => FoundKey | Promise<FoundKey>

/** Loaded only here: who has another verifier does not need it. */
function loadVerify(): Verify {
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    const { verify } = require('jsonwebtoken') as { verify: Verify }
    return verify
  } catch (cause) {
    const error = new InvalidOptionError(
      'rejectBlacklisted: verify',
      'expected jsonwebtoken to be installed, which does it: npm install jsonwebtoken',
    )
    error.cause = cause
    throw error
  }
}

function readHeader(token: string): TokenHeader {
  try {
    const header: unknown = JSON.parse(Buffer.from(token.split('.', 1)[0] ?? '', 'base64url').toString())
    if (typeof header === 'object' && header !== null && !Array.isArray(header)) return header as TokenHeader
  } catch {
    // It is none: see below.
  }
  throw new TokenRejectedError()
}

/** What many requests share, none of them is to change. */
function frozen<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value
  for (const part of Object.values(value)) frozen(part)
  return Object.freeze(value)
}
