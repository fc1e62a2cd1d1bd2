import type { Cache } from '../cache/cache'
import { defaultCache, requireCache } from '../cache/default-cache'
import { checkOptions, describeValue, oneOf, wholeNumber } from '../check-options'
import type { Duration } from '../duration'
import { parseDuration } from '../duration'
import { InvalidOptionError } from '../errors'

/** How a blacklist is made. All of it may be left out. */
export interface TokenBlacklistOptions {
  /** Which cache's Redis it uses. @default the default cache */
  readonly cache?: Cache
  /**
   * How long after `exp` a verifier may still accept a token, in seconds, and how far the clocks of your instances may
   * be apart, both together: revocations live that much longer. From 0 to 86,400, a day.
   *
   * @default 60
   */
  readonly clockTolerance?: number
  /**
   * The longest that any token lives: how long `revokeAll` is remembered. Milliseconds, or a string like `'30d'`.
   *
   * @default '30d'
   */
  readonly maxTokenAge?: Duration
  /**
   * The claims by which `revokeAll` may name whose tokens it revokes: a session, a client, a tenant. The same in all
   * instances: a cut-off by a claim that is not named here is not looked for.
   *
   * @default ['sub', 'sid']
   */
  readonly subjectClaims?: readonly string[]
  /**
   * Where a token is looked up. `'local'`: in this process's own copy of all revocations, which is a few milliseconds
   * behind the others; Redis is asked only while the copy can't be vouched for. `'redis'`: in Redis too, on every
   * request, within `commandTimeout`.
   *
   * @default 'local'
   */
  readonly check?: 'local' | 'redis'
  /**
   * How long ago the copy may last have been proven complete to be vouched for: milliseconds, or a string like `'5s'`.
   * It is proven once a second while Redis answers.
   *
   * @default '5s'
   */
  readonly maxStaleness?: Duration
  /**
   * What happens while the copy can't be vouched for and Redis can't be asked: in an outage, or at a start during one.
   * `'allow'`: what this process knows is refused, the rest passes. `'reject'`: nothing passes, `isRevoked` rejects
   * with {@link RevocationsUnavailableError}.
   *
   * @default 'allow'
   */
  readonly whenStale?: 'allow' | 'reject'
  /**
   * The most revocations that this process holds, 1 up, at about 50 bytes each. Beyond, those it can't hand on stand
   * nowhere (`'none'`), and the copy isn't vouched for. Blacklists over one cache share the first one's copy.
   *
   * @default 1000000
   */
  readonly capacity?: number
}

/** What a blacklist runs on: every option resolved. */
export interface BlacklistConfiguration {
  readonly cache: Cache
  readonly clockTolerance: number
  readonly maxTokenAgeMs: number
  readonly subjectClaims: readonly string[]
  readonly check: 'local' | 'redis'
  readonly maxStalenessMs: number
  readonly whenStale: 'allow' | 'reject'
  readonly capacity: number
}

const OWNER = 'createTokenBlacklist'
const DAY_SECONDS = 24 * 60 * 60
const KNOWN = [
  'cache',
  'clockTolerance',
  'maxTokenAge',
  'subjectClaims',
  'check',
  'maxStaleness',
  'whenStale',
  'capacity',
] as const

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {InvalidOptionError} naming the option.
 */
export function resolveBlacklistOptions(options: TokenBlacklistOptions = {}): BlacklistConfiguration {
  checkOptions(OWNER, options, KNOWN)
  return Object.freeze({
    cache: options.cache === undefined ? defaultCache() : requireCache(`${OWNER}: cache`, options.cache),
    clockTolerance: wholeNumber(`${OWNER}: clockTolerance`, options.clockTolerance, {
      min: 0,
      max: DAY_SECONDS,
      default: 60,
    }),
    maxTokenAgeMs: parseDuration(options.maxTokenAge ?? '30d', `${OWNER}: maxTokenAge`),
    subjectClaims: resolveClaims(options.subjectClaims),
    check: oneOf(`${OWNER}: check`, options.check, ['local', 'redis'], 'local'),
    maxStalenessMs: parseDuration(options.maxStaleness ?? '5s', `${OWNER}: maxStaleness`),
    whenStale: oneOf(`${OWNER}: whenStale`, options.whenStale, ['allow', 'reject'], 'allow'),
    capacity: wholeNumber(`${OWNER}: capacity`, options.capacity, { min: 1, default: 1_000_000 }),
  })
}

function resolveClaims(claims: unknown = ['sub', 'sid']): readonly string[] {
  const isName = (claim: unknown): claim is string => typeof claim === 'string' && claim !== ''
  if (Array.isArray(claims) && claims.every(isName)) return Object.freeze([...claims])
  throw new InvalidOptionError(
    `${OWNER}: subjectClaims`,
    `expected names of claims, such as ['sub', 'sid'], got ${describeValue(claims)}`,
  )
}
