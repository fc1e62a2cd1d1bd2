import { IncomingMessage } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Cache } from '../cache/cache'
import { checkDefaultCache, defaultCache } from '../cache/default-cache'
import { checkOptions } from '../check-options'
import type { Stored } from '../client/client-state'
import { InvalidOptionError, RevocationsUnavailableError } from '../errors'
import type { BlacklistConfiguration, TokenBlacklistOptions } from './blacklist-options'
import { resolveBlacklistOptions } from './blacklist-options'
import { concernedIds, isRefused, sessionName } from './refusal'
import type { CutOffRules, ValueOf } from './refusal'
import { identifyGiven } from './request-token'
import { isRestored, refusing, restoring, sparing, timeOf } from './revocation'
import type { Revocation, RevocationKind } from './revocation'
import type { RevocationCopy } from './revocation-copy'
import type { RevocationFeed } from './revocation-feed'
import { checkSubject, cutOffOf, endOf, replicasOf } from './revoke-options'
import type {
  GivenToken,
  ListedRevocation,
  ReplicaOptions,
  RestoreAllOptions,
  RevokeAllOptions,
  Revoked,
  RevokedAll,
  RevokeOptions,
} from './revoke-options'
import { copyOf } from './shared-copy'
import { claimText, exemptionId, hasTokenId, subjectId } from './token-id'
import type { IdentifiedToken } from './token-id'

/** What is known of a token: `'unknown'` where the copy can't be vouched for and Redis can't be asked. */
export type Verdict = 'revoked' | 'valid' | 'unknown'

const NO_CUT_OFFS: CutOffRules = { subjectClaims: [], latestIat: 0 }

/**
 * Tokens that are refused although they verify. A revocation lives as long as its token could be accepted, in Redis
 * under `blacklist:<id>` and in the memory of every process, through any outage.
 */
export class TokenBlacklist {
  readonly #configuration: BlacklistConfiguration
  readonly #cache: Cache
  readonly #copy: RevocationCopy
  readonly #feed: RevocationFeed
  readonly #valueOf: ValueOf = (id) => this.#copy.find(id)

  /** See {@link createTokenBlacklist}. */
  constructor(options?: TokenBlacklistOptions) {
    this.#configuration = resolveBlacklistOptions(options)
    this.#cache = this.#configuration.cache
    const { copy, feed } = copyOf(this.#cache, this.#configuration.capacity)
    this.#copy = copy
    this.#feed = feed
  }

  /**
   * Refuses a token from now on, for as long as it could be accepted. Revoking twice never shortens.
   *
   * @param given - the request that it came with, the verified token, or its claims, which need a `jti`.
   * @returns where the revocation stands; `'replicated'` only where `replicas` asks for it. `'none'`: the token has
   *   expired, or there is no room for more.
   * @throws {InvalidTokenError} where the token can't be identified or its `exp` is none. The token is not shown.
   */
  revoke(given: GivenToken, options: RevokeOptions & ReplicaOptions): Promise<Revoked>
  revoke(given: GivenToken, options?: RevokeOptions): Promise<Stored>
  async revoke(given: GivenToken, options: RevokeOptions & Partial<ReplicaOptions> = {}): Promise<Revoked> {
    checkOptions('revoke', options, ['lifetime', 'replicas'])
    const replicas = replicasOf('revoke', options)
    const { id, claims } = identifyGiven(given)
    const { clockTolerance } = this.#configuration
    const until = endOf(claims, options, { now: this.#now(), clockTolerance })
    if (until <= this.#now()) return 'none'
    const value = refusing(until, this.#copy.find(id))
    return this.#keepReplicated([{ kind: 'token', id, value, until }], replicas)
  }

  /**
   * Refuses all tokens of a subject that were issued until now: log out everywhere. The cut-off only moves forward,
   * and is remembered for `maxTokenAge`.
   *
   * @param subject - as it stands in the tokens, in the claim `by`.
   * @throws {InvalidTokenError} for a subject or an exception that is none; {@link InvalidOptionError} naming the option.
   */
  revokeAll(
    subject: string | number,
    options: RevokeAllOptions & ReplicaOptions,
  ): Promise<RevokedAll<Revoked>>
  revokeAll(subject: string | number, options?: RevokeAllOptions): Promise<RevokedAll>
  async revokeAll(
    subject: string | number,
    options: RevokeAllOptions & Partial<ReplicaOptions> = {},
  ): Promise<RevokedAll<Revoked>> {
    checkOptions('revokeAll', options, ['by', 'issuedBefore', 'except', 'replicas'])
    const replicas = replicasOf('revokeAll', options)
    const id = this.#subjectId('revokeAll', subject, options.by)
    const spared = options.except === undefined ? undefined : exemptionId(id, this.#spared(options.except))
    const known = this.#copy.find(id) ?? 0
    const time = Math.max(cutOffOf(options.issuedBefore, this.#now()), isRestored(known) ? 0 : timeOf(known))
    const value = spared === undefined ? refusing(time, known) : sparing(time, known)
    const cutOff: Revocation = { kind: 'subject', id, value, until: this.#endOfCutOff(timeOf(value)) }
    const exemption = spared === undefined ? [] : [{ ...cutOff, kind: 'exemption' as const, id: spared }]
    const stored = await this.#keepReplicated([...exemption, cutOff], replicas)
    return { stored, newTokensFrom: new Date(timeOf(value) * 1000) }
  }

  /**
   * Takes a revocation back that was a mistake. It stays taken back, whoever returns from an outage with it.
   *
   * @returns where that stands; `'none'` where the token isn't known to be revoked.
   * @throws {InvalidTokenError} where the token can't be identified.
   */
  async restore(given: GivenToken): Promise<Stored> {
    return this.#restore('token', identifyGiven(given).id)
  }

  /**
   * Takes the cut-off of a subject back. Tokens that were revoked one by one stay revoked.
   *
   * @returns where that stands; `'none'` where no cut-off is known.
   * @throws {InvalidTokenError} for a subject that is none; {@link InvalidOptionError} naming the option.
   */
  async restoreAll(subject: string | number, options: RestoreAllOptions = {}): Promise<Stored> {
    checkOptions('restoreAll', options, ['by'])
    return this.#restore('subject', this.#subjectId('restoreAll', subject, options.by))
  }

  /**
   * Whether a verified token has been revoked, by itself or with all of its subject's.
   *
   * @throws {InvalidTokenError} where the token can't be identified; {@link RevocationsUnavailableError} where nobody
   *   can tell and `whenStale` is `'reject'`.
   */
  async isRevoked(given: GivenToken): Promise<boolean> {
    const verdict = await this.judge(identifyGiven(given))
    if (verdict === 'unknown' && this.#configuration.whenStale === 'reject')
      throw new RevocationsUnavailableError()
    return verdict === 'revoked'
  }

  /** What is known of a token: at once, as long as the copy can be vouched for. @internal */
  judge(token: IdentifiedToken): Verdict | Promise<Verdict> {
    const { check, maxStalenessMs } = this.#configuration
    const rules = this.#copy.hasSubjects ? this.#cutOffRules() : NO_CUT_OFFS
    if (isRefused(token, rules, this.#valueOf)) return 'revoked'
    const isKnown = this.#feed.isComplete(maxStalenessMs) && this.#feed.isCurrent()
    if (isKnown && (check === 'local' || this.#cache.state === 'memory')) return 'valid'
    return this.#ask(token)
  }

  /** Whether what nobody can vouch for is refused. @internal */
  get isStrict(): boolean {
    return this.#configuration.whenStale === 'reject'
  }

  /** How long after its `exp` a revoked token is still refused, in seconds. */
  get clockTolerance(): number {
    return this.#configuration.clockTolerance
  }

  /** The revocations that this process knows of and that still matter, for operators. Holds nobody up. */
  async *list(): AsyncGenerator<ListedRevocation> {
    let seen = 0
    for (const { kind, id, value, until } of this.#copy.all()) {
      seen += 1
      if (seen % 1000 === 0) await nextTurn()
      if (kind === 'exemption' || isRestored(value)) continue
      const issuedBefore = kind === 'subject' ? new Date(timeOf(value) * 1000) : undefined
      yield { kind, id, issuedBefore, until: new Date(until * 1000) }
    }
  }

  /** How many those are. */
  count(): number {
    return this.#copy.count()
  }

  async #restore(kind: RevocationKind, id: string): Promise<Stored> {
    if (this.#copy.get(id) === undefined) await this.#lookUp([[kind, id]])
    const known = this.#copy.get(id)
    return known === undefined ? 'none' : this.#keep([{ ...known, value: restoring(known.value) }])
  }

  /** Asks Redis, which may know more than the copy. */
  async #ask(token: IdentifiedToken): Promise<Verdict> {
    const { subjectClaims } = this.#configuration
    const found = await this.#lookUp(concernedIds(token, subjectClaims))
    if (found === undefined)
      return this.#feed.isComplete(this.#configuration.maxStalenessMs) ? 'valid' : 'unknown'
    const valueOf: ValueOf = (id) => found.get(id) ?? this.#copy.find(id)
    return isRefused(token, this.#cutOffRules(), valueOf) ? 'revoked' : 'valid'
  }

  /** What Redis has under these ids, and with it the copy, which learns it; `undefined` where it can't be asked. */
  async #lookUp(
    ids: readonly (readonly [kind: RevocationKind, id: string])[],
  ): Promise<Map<string, number> | undefined> {
    const keys = ids.map(([kind, id]) => this.#feed.names.keyOf(kind, id))
    const answer = await this.#cache.client.ask((client) => client.getMany(keys))
    if (answer === undefined) return undefined
    const found = new Map<string, number>()
    for (const [index, [kind, id]] of ids.entries()) {
      const text = answer[index]?.toString('latin1')
      if (text === undefined) continue
      const value = Number(text)
      // Somebody has written here what we can't read: err towards revoked.
      if (!(value >= 0)) found.set(id, kind === 'exemption' ? 0 : this.#endOfCutOff(this.#now()))
      else {
        const until = kind === 'token' ? timeOf(value) : this.#endOfCutOff(timeOf(value))
        found.set(id, this.#copy.learn({ kind, id, value, until }))
      }
    }
    return found
  }

  /** The time that all of it may take begins with the first sending. */
  async #keepReplicated(revocations: readonly Revocation[], replicas: number): Promise<Revoked> {
    const begun = performance.now()
    const stored = await this.#keep(revocations)
    if (replicas === 0 || stored !== 'redis') return stored
    const leftMs = this.#cache.core.configuration.commandTimeoutMs - (performance.now() - begun)
    return (await this.#feed.replicas.confirm(revocations, replicas, leftMs)) ? 'replicated' : 'redis'
  }

  async #keep(revocations: readonly Revocation[]): Promise<Stored> {
    const isApart = this.#cache.client.state !== 'ready'
    const known = revocations.map((revocation) => this.#copy.note(revocation, isApart))
    const isSent = await this.#feed.send(known.map((now, index) => now ?? (revocations[index] as Revocation)))
    if (isSent) return 'redis'
    return known.includes(undefined) || this.#cache.state === 'closed' ? 'none' : 'memory'
  }

  #spared(except: GivenToken): string {
    if ((except as GivenToken | null) === null)
      throw new InvalidOptionError('revokeAll: except', 'expected a request, a token or claims, got null')
    if (typeof except !== 'object' || except instanceof IncomingMessage || hasTokenId(except))
      return identifyGiven(except).id
    const session = claimText(except, 'sid')
    return session === undefined ? identifyGiven(except).id : sessionName(session)
  }

  #subjectId(owner: string, subject: string | number, by = 'sub'): string {
    const { subjectClaims } = this.#configuration
    if (subjectClaims.includes(by)) return subjectId(checkSubject(subject, by), by)
    // Not shown: it may be the subject.
    throw new InvalidOptionError(
      `${owner}: by`,
      `expected one of the blacklist's subjectClaims (${subjectClaims.join(', ')}), got another ${typeof by}; name the claim there, in every instance`,
    )
  }

  #endOfCutOff(time: number): number {
    const { maxTokenAgeMs, clockTolerance } = this.#configuration
    return Math.ceil(Math.max(time, this.#now()) + maxTokenAgeMs / 1000) + clockTolerance
  }

  #cutOffRules(): CutOffRules {
    const { subjectClaims, clockTolerance } = this.#configuration
    return { subjectClaims, latestIat: this.#now() + clockTolerance }
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
