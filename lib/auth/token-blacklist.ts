import type { Cache } from '../cache/cache'
import { checkDefaultCache, defaultCache, requireCache } from '../cache/default-cache'
import { checkOptions, describeValue, oneOf, wholeNumber } from '../check-options'
import type { Stored } from '../client/client-state'
import type { Send } from '../client/invalidation'
import type { Duration } from '../duration'
import { MAX_DURATION_MS, parseDuration } from '../duration'
import { CommandRefusedError, InvalidTokenError, RevocationsUnavailableError } from '../errors'
import type { Revocation } from './revocation-copy'
import { RevocationCopy } from './revocation-copy'
import type { IdentifiedToken, TokenClaims } from './token-id'
import { identifyToken, subjectId } from './token-id'

/** How a blacklist is made. All of it may be left out. */
export interface TokenBlacklistOptions {
  /** Which cache's Redis it uses. @default the default cache */
  readonly cache?: Cache
  /**
   * How long after `exp` a verifier may still accept a token, in seconds: revocations live that much longer.
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
   * What happens while Redis is configured and can't be asked. `'allow'`: what this process knows is refused,
   * the rest passes. `'reject'`: nothing passes, `isRevoked` rejects with {@link RevocationsUnavailableError}.
   *
   * @default 'allow'
   */
  readonly whenStale?: 'allow' | 'reject'
  /** The most revocations that this process holds, 1 up. Beyond, those it can't hand on stand nowhere: `'none'`. @default 250000 */
  readonly capacity?: number
}

/** What `revoke` may say beside the token. */
export interface RevokeOptions {
  /** How long a token without `exp` is to be refused: milliseconds, or a string like `'30d'`. */
  readonly lifetime?: Duration
}

/** What `revokeAll` has done. */
export interface RevokedAll {
  /** Where it stands. */
  readonly stored: Stored
  /**
   * From when on new tokens pass. `iat` has whole seconds, so a login within the second of the call is
   * refused too.
   */
  readonly newTokensFrom: Date
}

const KNOWN = ['cache', 'clockTolerance', 'maxTokenAge', 'whenStale', 'capacity'] as const
const WRITE_BACK_BATCH = 100
const RETRY_MS = 1000

/**
 * Tokens that are refused although they verify. A revocation lives as long as its token could be accepted,
 * in Redis under `blacklist:<id>` and in the memory of every process that made or met it, through any outage.
 */
export class TokenBlacklist {
  readonly #cache: Cache
  readonly #copy: RevocationCopy
  readonly #clockTolerance: number
  readonly #maxTokenAgeMs: number
  readonly #whenStale: 'allow' | 'reject'
  #retry: NodeJS.Timeout | undefined

  /** See {@link createTokenBlacklist}. */
  constructor(options: TokenBlacklistOptions = {}) {
    const owner = 'createTokenBlacklist'
    checkOptions(owner, options, KNOWN)
    this.#cache =
      options.cache === undefined ? defaultCache() : requireCache(`${owner}: cache`, options.cache)
    this.#clockTolerance = wholeNumber(`${owner}: clockTolerance`, options.clockTolerance, {
      min: 0,
      default: 60,
    })
    this.#maxTokenAgeMs = parseDuration(options.maxTokenAge ?? '30d', `${owner}: maxTokenAge`)
    this.#whenStale = oneOf(`${owner}: whenStale`, options.whenStale, ['allow', 'reject'], 'allow')
    const capacity = wholeNumber(`${owner}: capacity`, options.capacity, { min: 1, default: 250_000 })
    this.#copy = copyFor(this.#cache, capacity)
    this.#cache.client.onRecovery({
      bring: (send, lacksSince) => this.#writeBack(send, lacksSince),
      pending: () => this.#copy.countDirty(),
    })
    // What was revoked while the last of it was being brought over.
    this.#cache.on('state', ({ to }) => {
      if (to === 'ready') void this.#catchUp()
    })
  }

  /**
   * Refuses a token from now on, for as long as it could be accepted. Revoking twice never shortens.
   *
   * @param given - a verified token, or its claims, which need a `jti`.
   * @returns where the revocation stands. `'none'`: the token has expired, or there is no room for more.
   * @throws {InvalidTokenError} where the token can't be identified or its `exp` is none. The token is not shown.
   */
  async revoke(given: string | TokenClaims, options?: RevokeOptions): Promise<Stored> {
    checkOptions('revoke', options, ['lifetime'])
    const { id, claims } = identifyToken(given)
    const until = this.#untilOf(claims, options)
    return until <= this.#now() ? 'none' : this.#keep({ id, value: until, until })
  }

  /**
   * Refuses all tokens of a subject (`sub`) that were issued until now: log out everywhere. The cut-off only
   * moves forward, and is remembered for `maxTokenAge`.
   *
   * @throws {InvalidTokenError} for a subject that is none.
   */
  async revokeAll(subject: string | number): Promise<RevokedAll> {
    if (subject === '' || !['string', 'number'].includes(typeof subject)) {
      throw new InvalidTokenError(`expected a subject, as it stands in sub, got ${describeValue(subject)}`)
    }
    const id = subjectId(String(subject))
    const newTokensFrom = Math.max(Math.floor(this.#now()) + 1, this.#copy.find(id) ?? 0)
    const until = Math.ceil(newTokensFrom + this.#maxTokenAgeMs / 1000) + this.#clockTolerance
    const stored = await this.#keep({ id, value: newTokensFrom, until })
    return { stored, newTokensFrom: new Date(newTokensFrom * 1000) }
  }

  /**
   * Whether a verified token has been revoked, by itself or with all of its subject's.
   *
   * @throws {InvalidTokenError} where the token can't be identified; {@link RevocationsUnavailableError} where
   *   Redis can't be asked and `whenStale` is `'reject'`.
   */
  async isRevoked(given: string | TokenClaims): Promise<boolean> {
    const token = identifyToken(given)
    const ids = idsOf(token)
    if (ids.some((id) => refuses(token, id, this.#copy.find(id)))) return true
    if (this.#cache.state === 'memory') return false

    const answer = await this.#cache.client.ask((client) => client.getMany(ids.map((id) => this.#keyOf(id))))
    if (answer === undefined) {
      if (this.#whenStale === 'reject') throw new RevocationsUnavailableError()
      return false
    }
    return ids.some((id, index) => this.#learn(token, id, answer[index]))
  }

  /** Remembers what Redis says, for when it can't be asked. */
  #learn(token: IdentifiedToken, id: string, found: Buffer | undefined): boolean {
    if (found === undefined) return false
    const value = Number(found.toString('latin1'))
    // Somebody has written here what we can't read: err towards revoked.
    if (!Number.isFinite(value)) return true
    const until =
      id === token.id ? value : Math.ceil(value + this.#maxTokenAgeMs / 1000) + this.#clockTolerance
    this.#copy.learn({ id, value, until }, false)
    return refuses(token, id, value)
  }

  async #keep(revocation: Revocation): Promise<Stored> {
    const isKept = this.#copy.learn(revocation, true)
    const isSent = await this.#cache.client.ask(async (client) => {
      await client.raise(this.#keyOf(revocation.id), revocation.value, this.#lifeOf(revocation))
      return true
    })
    if (isSent === true) {
      this.#copy.settle(revocation)
      return 'redis'
    }
    if (!isKept || this.#cache.state === 'closed') return 'none'
    this.#catchUpLater()
    return 'memory'
  }

  /** Writes what Redis was not told, and what it may have forgotten. */
  async #writeBack(send: Send, lacksSince: number): Promise<void> {
    const live = [...this.#copy.dirty(lacksSince)]
    for (let start = 0; start < live.length; start += WRITE_BACK_BATCH) {
      const batch = live.slice(start, start + WRITE_BACK_BATCH)
      await Promise.all(batch.map((revocation) => this.#sendBack(revocation, send)))
    }
  }

  async #sendBack(revocation: Revocation, send: Send): Promise<void> {
    try {
      await send((client) =>
        client.raise(this.#keyOf(revocation.id), revocation.value, this.#lifeOf(revocation)),
      )
      this.#copy.settle(revocation)
    } catch (error) {
      if (!(error instanceof CommandRefusedError)) throw error
      this.#copy.learn(revocation, true)
    }
  }

  async #catchUp(): Promise<void> {
    for (const revocation of [...this.#copy.dirty()]) await this.#keep(revocation)
  }

  /** Redis may be in use and refuse this one command, for want of memory: it is asked again. */
  #catchUpLater(): void {
    if (this.#retry !== undefined || this.#cache.state !== 'ready') return
    this.#retry = setTimeout(() => {
      this.#retry = undefined
      void this.#catchUp()
    }, RETRY_MS).unref()
  }

  /** Until when the token could be accepted, or longer where that is asked for; never shorter. */
  #untilOf({ exp }: TokenClaims, { lifetime }: RevokeOptions = {}): number {
    const asked =
      lifetime === undefined ? undefined : this.#now() + parseDuration(lifetime, 'revoke: lifetime') / 1000
    if (exp === undefined) {
      if (asked !== undefined) return Math.ceil(asked)
      throw new InvalidTokenError(
        'the token has no exp: say how long to refuse it, revoke(token, { lifetime })',
      )
    }
    if (typeof exp !== 'number' || !Number.isFinite(exp) || exp - this.#now() > MAX_DURATION_MS / 1000) {
      throw new InvalidTokenError(
        `expected exp in seconds since 1970, at most 100 years ahead, got ${describeValue(exp)}`,
      )
    }
    return Math.ceil(Math.max(exp + this.#clockTolerance, asked ?? 0))
  }

  #lifeOf({ until }: Revocation): number {
    return Math.max(1, Math.ceil(until * 1000 - this.#cache.clock.now()))
  }

  #keyOf(id: string): string {
    return `${this.#cache.prefix}blacklist:${id}`
  }

  #now(): number {
    return this.#cache.clock.now() / 1000
  }
}

/**
 * Makes a blacklist over a cache's Redis.
 *
 * @throws {InvalidOptionError} naming the option.
 */
export function createTokenBlacklist(options?: TokenBlacklistOptions): TokenBlacklist {
  return new TokenBlacklist(options)
}

const blacklists = new WeakMap<Cache, TokenBlacklist>()
const copies = new WeakMap<Cache, RevocationCopy>()

/** One copy for all blacklists over a cache: what one of them revokes, the others refuse at once. */
function copyFor(cache: Cache, capacity: number): RevocationCopy {
  const copy = copies.get(cache) ?? new RevocationCopy(capacity, cache.clock)
  copies.set(cache, copy)
  return copy
}

/**
 * The blacklist over the default cache: the one that `rejectBlacklisted()` asks where none is named.
 *
 * @throws {InvalidEnvironmentError} where the default cache could not be made.
 */
export function tokenBlacklist(): TokenBlacklist {
  checkDefaultCache()
  const cache = defaultCache()
  const blacklist = blacklists.get(cache) ?? new TokenBlacklist({ cache })
  blacklists.set(cache, blacklist)
  return blacklist
}

function idsOf({ id, claims }: IdentifiedToken): string[] {
  // A string by RFC 7519, and often a number in the wild.
  const subject = String((claims.sub as string | number | undefined) ?? '')
  return subject === '' ? [id] : [id, subjectId(subject)]
}

/** A token's own entry refuses it; its subject's refuses it where it was issued before the cut-off, or doesn't say. */
function refuses({ id, claims }: IdentifiedToken, foundUnder: string, value: number | undefined): boolean {
  if (value === undefined) return false
  return foundUnder === id || typeof claims.iat !== 'number' || claims.iat < value
}
