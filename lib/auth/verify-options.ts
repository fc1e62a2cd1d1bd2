import type { KeyObject } from 'node:crypto'
import { checkOptions, describeValue, wholeNumber } from '../check-options'
import { InvalidOptionError } from '../errors'

/** A key as it is at hand: a secret, a PEM, a JWK, or what `node:crypto` makes of one. */
export type VerificationKey = string | Buffer | KeyObject | object

/** What the header of a token says, before anything has verified it (RFC 7515 §4.1). */
export interface TokenHeader {
  readonly alg: string
  readonly kid?: string | undefined
}

/** How `rejectBlacklisted` verifies tokens itself, with jsonwebtoken, which has to be installed. */
export interface VerifyOptions {
  /**
   * The secret of HS256 and its like, the public key of the others; or a function that finds it by the token's header,
   * and returns `undefined` for a `kid` that it doesn't know. The function is asked for each request: a token stops
   * being good when its key is no longer returned.
   */
  readonly key:
    | VerificationKey
    | ((header: TokenHeader) => VerificationKey | undefined | Promise<VerificationKey | undefined>)
  /** The algorithms that are accepted, such as `['RS256']`. Secrets (HS…) and public keys don't go together. */
  readonly algorithms: readonly string[]
  /** Who has to have issued it (`iss`). @default anybody */
  readonly issuer?: string | readonly string[]
  /** For whom it has to be (`aud`). @default anybody */
  readonly audience?: string | readonly string[]
  /**
   * How long after `exp`, and before `nbf`, a token is accepted, in seconds: at most the blacklist's `clockTolerance`,
   * or a revoked token would be good again.
   *
   * @default 0
   */
  readonly clockTolerance?: number
  /**
   * How many verified tokens are remembered, by their SHA-256, until they expire or are revoked: verifying costs more
   * than all the rest. 0 for none.
   *
   * @default 10000
   */
  readonly rememberTokens?: number
}

/** How tokens are verified: every option resolved. */
export interface VerifyConfiguration {
  readonly key: VerifyOptions['key']
  readonly algorithms: readonly string[]
  readonly isSecret: boolean
  readonly issuer: string | readonly string[] | undefined
  readonly audience: string | readonly string[] | undefined
  readonly clockTolerance: number
  readonly rememberTokens: number
}

const OWNER = 'rejectBlacklisted: verify'
const ALGORITHMS = ['HS', 'RS', 'PS', 'ES'].flatMap((kind) =>
  ['256', '384', '512'].map((bits) => kind + bits),
)
const EXPECTED_ALGORITHMS = `expected an array of names out of ${ALGORITHMS.join(', ')}`

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {InvalidOptionError} naming the option.
 */
export function resolveVerifyOptions(options: VerifyOptions): VerifyConfiguration {
  checkOptions(OWNER, options, [
    'key',
    'algorithms',
    'issuer',
    'audience',
    'clockTolerance',
    'rememberTokens',
  ])
  const algorithms = resolveAlgorithms(options.algorithms)
  return Object.freeze({
    key: resolveKey(options.key),
    algorithms,
    isSecret: algorithms.every((name) => name.startsWith('HS')),
    issuer: resolveNames(`${OWNER}.issuer`, options.issuer),
    audience: resolveNames(`${OWNER}.audience`, options.audience),
    clockTolerance: wholeNumber(`${OWNER}.clockTolerance`, options.clockTolerance, { min: 0, default: 0 }),
    rememberTokens: wholeNumber(`${OWNER}.rememberTokens`, options.rememberTokens, {
      min: 0,
      max: 2 ** 23,
      default: 10_000,
    }),
  })
}

function resolveAlgorithms(algorithms: unknown): readonly string[] {
  const isList = Array.isArray(algorithms) && algorithms.length > 0
  // What is in the wrong place may be the key.
  if (typeof algorithms === 'string')
    throw new InvalidOptionError(`${OWNER}.algorithms`, `${EXPECTED_ALGORITHMS}, got a string`)
  const unknown: unknown = isList ? algorithms.find((name) => !ALGORITHMS.includes(String(name))) : algorithms
  if (!isList || unknown !== undefined) {
    throw new InvalidOptionError(
      `${OWNER}.algorithms`,
      `${EXPECTED_ALGORITHMS}, got ${describeValue(unknown)}`,
    )
  }
  const names = algorithms.map(String)
  const secrets = names.filter((name) => name.startsWith('HS'))
  if (secrets.length === 0 || secrets.length === names.length) return Object.freeze(names)
  // A public key is no secret: whoever has it could sign with it.
  throw new InvalidOptionError(
    `${OWNER}.algorithms`,
    `expected either algorithms with a secret (HS…) or with a public key, got ${names.join(' and ')}`,
  )
}

function resolveKey(key: unknown): VerifyOptions['key'] {
  const isKey = (typeof key === 'string' && key !== '') || (typeof key === 'object' && key !== null)
  if (isKey || typeof key === 'function') return key
  // What is in the place of a key is never shown.
  throw new InvalidOptionError(
    `${OWNER}.key`,
    `expected a key or a function of the header, got ${whatNoKeyIs(key)}`,
  )
}

function whatNoKeyIs(key: unknown): string {
  return key === '' ? 'an empty string' : key === undefined || key === null ? String(key) : `a ${typeof key}`
}

function resolveNames(option: string, names: unknown): string | readonly string[] | undefined {
  const isName = (name: unknown): name is string => typeof name === 'string' && name !== ''
  if (names === undefined || isName(names)) return names
  if (Array.isArray(names) && names.length > 0 && names.every(isName)) return Object.freeze([...names])
  throw new InvalidOptionError(
    option,
    `expected a string or an array of strings, got ${describeValue(names)}`,
  )
}
