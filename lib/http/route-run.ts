import type { IncomingHttpHeaders } from 'node:http'
import { withAddedFields } from './added-fields'
import type { Answer } from './answer'
import { answerTo, mayBeEncoded, notModified } from './answer'
import { headersAsAsked, headersForRoute, withholdConditions } from './asked-headers'
import type { Detail, Handling } from './cache-status'
import { isNotModified } from './conditional'
import { freshened, isAboutAnother, isAboutSame } from './freshening'
import { pointOutUnkeyed } from './hints'
import { isProxyTrusted } from './origin'
import type { Overruled } from './passage'
import { ReaderCheck } from './reader-check'
import type { Decision, RecordedResponse, Recorder } from './recorder'
import { record } from './recorder'
import type { Fields, Recording } from './recording'
import { fieldsOf, recordingOf } from './recording'
import type { ResponseConfiguration } from './response-configuration'
import { tagsNamedBy } from './response-tags'
import type { RunPlan, RunResult } from './run-plan'
import { Failure, NOTHING } from './run-plan'
import type { SentHead } from './sent-head'
import type { Storability } from './storability'
import { ABOUT_ANOTHER, isOfTheResource, StorageQuestion, storabilityOf } from './storability'
import type { StoredResponse } from './stored-response'
import { StoringRight } from './storing-right'
import { tellingFields, unkeyedField, whyUnkeyed } from './unkeyed'
import { mayStandIn } from './usability'
import { varyNames } from './vary'
import type { Visit } from './visit'
import { tell } from './visit'
import type { Pending } from './whole-response'
import { isTruncated, wholeResponse } from './whole-response'
import { credentialsOf } from './who-asks'

/** Middleware in front of an application that is mounted behind it: there each request is watched by itself. */
const mounting = new WeakSet<ResponseConfiguration>()

const FAILED = new Set([500, 502, 503, 504])

/** One run of the route, from where the request is handed on until what it sends is stored, or refused. */
export class RouteRun implements Recorder, Overruled {
  /** What came of it, as soon as that is known. Never rejects. */
  readonly result: Promise<RunResult>
  readonly #visit: Visit
  readonly #plan: RunPlan
  readonly #before: Fields
  /** What the request is answered by, whatever the route makes of its own. */
  readonly #headers: IncomingHttpHeaders
  readonly #found: IncomingHttpHeaders
  readonly #check: ReaderCheck
  readonly #mayBeEncoded: boolean
  readonly #begunAt: number
  /** Before an application further in has a word in it: the key was made by that. */
  readonly #isProxyTrusted: boolean
  /** By which earlier middleware may have found out what it has put there. */
  readonly #telling: readonly string[]
  readonly #timer: NodeJS.Timeout | undefined
  readonly #right: StoringRight
  #isOverruled = false
  #isKeptFurtherIn = false
  /** That of the plan, as long as it may stand in. */
  #former: StoredResponse | undefined
  #resolve!: (result: RunResult) => void
  #pending: Pending | undefined

  /**
   * Prepares everything: the next thing to be done is to hand the request on.
   *
   * @param found - the headers that are to be put back once it is over.
   */
  constructor(visit: Visit, plan: RunPlan, found: IncomingHttpHeaders) {
    const { req, res, credentials, configuration } = visit
    this.#visit = visit
    this.#plan = plan
    this.#former = plan.former
    this.#right = new StoringRight(visit, plan)
    this.#begunAt = this.#now
    this.result = new Promise((resolve) => (this.#resolve = resolve))
    this.#before = fieldsOf(res)
    this.#headers = headersAsAsked(req)
    this.#found = found
    if (this.#isAnsweredHere) Reflect.set(req, 'headers', headersForRoute(req, plan.former))
    this.#mayBeEncoded = mayBeEncoded(res, this.#headers)
    this.#isProxyTrusted = isProxyTrusted(req)
    this.#telling = visit.isScoped ? [] : tellingFields(this.#headers, this.#isProxyTrusted)
    const { ignore, vary } = configuration
    const known: readonly string[] = [...ignore, ...vary]
    const isIdentified = credentials.length > 0 || this.#telling.some((name) => !known.includes(name))
    this.#check = new ReaderCheck(req, res, { isIdentified, isMounting: mounting.has(configuration) })
    this.#timer = this.#startTimer(record(res, this, this.#before), configuration.routeTimeoutMs)
  }

  get targetedFields(): readonly string[] {
    return this.#visit.configuration.targetedFields
  }

  overrule(isKept: boolean): void {
    if (isKept) this.#isKeptFurtherIn = true
    if (this.#former !== undefined) withholdConditions(this.#visit.req.headers)
    this.#former = undefined
    this.#isOverruled = true
    clearTimeout(this.#timer)
    this.#giveUp(true)
  }

  #startTimer(recorded: RecordedResponse, ms: number): NodeJS.Timeout | undefined {
    const { former } = this.#plan
    if (former === undefined || !mayStandIn(former, this.#now)) return undefined
    return setTimeout(() => {
      this.#tell({ detail: 'stale-if-error' }, former)
      // For those who wait, too: before it is over.
      this.#resolve({ ...NOTHING, response: former })
      recorded.replaceBy(this.#answerTo(former))
    }, ms).unref()
  }

  get #now(): number {
    return this.#visit.cache.clock.now()
  }

  #answerTo(stored: StoredResponse): Answer {
    const asked = { method: this.#visit.req.method, headers: this.#headers, mayBeEncoded: this.#mayBeEncoded }
    return answerTo(asked, stored, this.#now)
  }

  #tell(handling: Omit<Handling, 'fwd'>, stored?: StoredResponse): void {
    tell(this.#visit, { fwd: this.#plan.fwd, ...handling }, stored)
  }

  onHead(head: SentHead, whole: (() => Buffer) | undefined): Decision {
    clearTimeout(this.#timer)
    const former = this.#former
    const recording = recordingOf(head, this.#now, this.#begunAt)
    if (former !== undefined) {
      const instead = this.#fromFormer(former, recording)
      if (instead !== undefined) return instead
    }
    const response = withAddedFields(
      recording,
      whole,
      this.#visit,
      this.#isKeptFurtherIn ? undefined : this.#plan.tags,
    )
    const storability = this.#storabilityOf(response, (field) => head.isFailureMeant(field))
    const vary = varyNames(response, this.#visit.configuration.vary)
    const unkeyed = this.#whyUnkeyed(vary)
    const { method } = this.#visit
    const mayStore = this.#plan.permit !== undefined && method === 'GET'
    const isStored = storability.isStorable && unkeyed === undefined && mayStore
    const detail = this.#detailOf(storability, unkeyed, vary)
    this.#tell({ stored: isStored, detail })
    const isUnchanged = this.#isAnsweredHere && isNotModified(response, this.#headers)
    const instead = isUnchanged ? notModified(response.fields) : undefined
    if (!isStored) {
      const isRefused = !storability.isStorable || unkeyed !== undefined
      // Another one is there, which is not stored.
      const isAnother = (stored: StoredResponse): boolean =>
        method === 'GET' ? isRefused && isOfTheResource(head.status) : isAboutAnother(stored, recording)
      if (former !== undefined && isAnother(former)) this.#drop()
      const failure = FAILED.has(head.status) && !this.#isOverruled ? new Failure() : undefined
      this.#giveUp(isRefused && unkeyed !== 'mounted' && this.#isTelling(head.status), {
        isStorable: !isRefused,
        ...(failure && { failure }),
      })
      return { instead }
    }
    const tags = tagsNamedBy(response, this.#visit.res)
    this.#pending = { response, vary, tags, terms: storability.terms }
    const mayHaveCookie = storability.terms.withoutFields.includes('set-cookie')
    return { room: this.#visit.configuration.maxBodyBytes, instead, mayHaveCookie }
  }

  /** Whether what is refused says something of the next whole response: a part, a 304 and a failure don't. */
  #isTelling(status: number): boolean {
    return this.#visit.req.method === 'GET' && status !== 206 && status !== 304 && !FAILED.has(status)
  }

  /** Whether the client's conditions were kept from the route. */
  get #isAnsweredHere(): boolean {
    return this.#plan.permit !== undefined || this.#plan.former !== undefined
  }

  /** What the former response is good for, now that the route has answered. */
  #fromFormer(former: StoredResponse, recording: Recording): Decision | undefined {
    const { req } = this.#visit
    const isValidated = recording.status === 304 || (req.method === 'HEAD' && isAboutSame(former, recording))
    if (isValidated) return this.#validate(former, recording)
    if (FAILED.has(recording.status) && mayStandIn(former, this.#now)) {
      this.#tell({ fwdStatus: recording.status, detail: 'stale-if-error' }, former)
      this.#resolve({ ...NOTHING, response: former })
      return { instead: this.#answerTo(former) }
    }
    return undefined
  }

  #validate(former: StoredResponse, recording: Recording): Decision {
    const added = this.#visit.configuration.vary
    const whole = freshened(former, recording, { before: this.#before, vary: added })
    const storability = whole === former ? ABOUT_ANOTHER : this.#storabilityOf(whole, () => true)
    const vary = varyNames(whole, added)
    const isUnkeyed = this.#whyUnkeyed(vary) !== undefined
    const isStored = storability.isStorable && this.#plan.permit !== undefined && !isUnkeyed
    const { removed, body } = former
    const fresh = storability.isStorable
      ? { ...this.#storedOf({ response: whole, vary, terms: storability.terms }, body), removed }
      : { ...former, fields: whole.fields, recordedAt: whole.recordedAt }
    this.#tell({ fwdStatus: recording.status === 304 ? 304 : undefined, stored: isStored }, fresh)
    if (!storability.isStorable) this.#drop()
    const tags = tagsNamedBy(whole, this.#visit.res)
    if (isStored) this.#store(tags, () => fresh)
    else this.#giveUp(isUnkeyed)
    return { instead: this.#answerTo(fresh) }
  }

  #storabilityOf(response: Recording, isFailureMeant: (field: string) => boolean): Storability {
    const { req, configuration, isScoped } = this.#visit
    // Asked again: who asks may have been found out behind this middleware.
    const credentials = isScoped
      ? []
      : this.#check.quietly(() => credentialsOf(req, configuration.ignore, this.#headers))
    const context = new StorageQuestion(isScoped, credentials, configuration.vary, isFailureMeant)
    return storabilityOf(response, context, configuration)
  }

  #detailOf(
    storability: Storability,
    unkeyed: Detail | undefined,
    vary: readonly string[],
  ): Detail | undefined {
    if (this.#isOverruled) return 'inner'
    if (this.#plan.detail !== undefined) return this.#plan.detail
    if (!storability.isStorable) return storability.reason
    if (unkeyed !== undefined || !this.#visit.configuration.pointsOut) return unkeyed
    const name = unkeyedField(this.#check, vary)
    if (name === undefined) return undefined
    pointOutUnkeyed(this.#visit, name)
    return `read-${name}`
  }

  #storedOf({ response, terms, vary }: Omit<Pending, 'tags'>, body: Buffer): StoredResponse {
    const { etag } = this.#visit.configuration
    return wholeResponse(response, terms, { before: this.#before, headers: this.#headers, vary, body, etag })
  }

  /** Around what wrapped the response before: what that reads does not count. */
  outside<Result>(call: () => Result): Result {
    return this.#check.outside(call)
  }

  onDone(body: Buffer | undefined, isRefused: boolean): void {
    clearTimeout(this.#timer)
    this.#check.end()
    Reflect.set(this.#visit.req, 'headers', this.#found)
    if (this.#right.isUsed) return
    const pending = this.#pending
    if (pending === undefined) {
      this.#giveUp(false)
      return
    }
    // A body can be personal though its head was not.
    const isReadLate = this.#whyUnkeyed(pending.vary) !== undefined
    if (body === undefined || isTruncated(pending.response, body) || isReadLate)
      this.#giveUp(isRefused || isReadLate)
    else this.#store(pending.tags, () => this.#storedOf(pending, body))
  }

  #whyUnkeyed(vary: readonly string[]): Detail | undefined {
    const { isScoped, configuration } = this.#visit
    if (this.#isOverruled) return 'inner'
    if (this.#check.isBlind) {
      mounting.add(configuration)
      return 'mounted'
    }
    return whyUnkeyed(this.#check, {
      isScoped,
      isProxyTrusted: this.#isProxyTrusted,
      headers: this.#headers,
      telling: this.#telling,
      vary,
      ignore: configuration.ignore,
    })
  }

  #store(named: readonly string[], complete: () => StoredResponse): void {
    this.#pending = undefined
    this.#right.use(named, complete, this.#resolve)
  }

  #drop(): void {
    void this.#visit.store.drop(this.#plan.slot.key)
  }

  #giveUp(isRefused: boolean, more: Partial<RunResult> = {}): void {
    this.#pending = undefined
    this.#right.giveBack()
    this.#resolve({ ...NOTHING, ...more, isRefused, isOverruled: this.#isOverruled })
  }
}
