import type { IncomingHttpHeaders } from 'node:http'
import { withAddedFields } from './added-fields'
import { answerTo, notModified } from './answer'
import { headersForRoute } from './asked-headers'
import type { Detail } from './cache-status'
import { isNotModified } from './conditional'
import { etagOf } from './etag'
import { freshened, isAboutSame } from './freshening'
import { pointOutUnkeyed } from './hints'
import type { ReaderCheck } from './reader-check'
import { watchReads } from './reader-check'
import type { Decision, RecordedResponse, SentHead } from './recorder'
import { record } from './recorder'
import type { Fields, Recording } from './recording'
import { field, fieldsOf } from './recording'
import type { Permit, Slot } from './response-store'
import { tagsNamedBy } from './response-tags'
import type { RunPlan, RunResult } from './run-plan'
import type { Storability } from './storability'
import { storabilityOf } from './storability'
import type { StoredResponse } from './stored-response'
import { fieldsToStore, removedFields, storedResponse, withDate } from './stored-response'
import { unkeyedField, whyUnkeyed } from './unkeyed'
import { mayStandIn } from './usability'
import { varyNames, variantOf } from './vary'
import type { Visit } from './visit'
import { tell } from './visit'
import { credentialsOf } from './who-asks'

/** The innermost run of a request: where this middleware stands on a route twice, it is the one that decides. */
const innermost = new WeakMap<object, RouteRun>()

/** The run that a request is part of already, of the same slot. */
export function outerRunOf({ req }: Visit, { key }: Slot): RouteRun | undefined {
  const run = innermost.get(req)
  return run?.slotKey === key ? run : undefined
}

const FAILED = new Set([500, 502, 503, 504])
const NOTHING: RunResult = { response: undefined, isRefused: false }
const NO_BODY = Buffer.alloc(0)

/** One run of the route, from where the request is handed on until what it sends is stored, or refused. */
export class RouteRun {
  /** What came of it, as soon as that is known. Never rejects. */
  readonly result: Promise<RunResult>
  readonly #visit: Visit
  readonly #plan: RunPlan
  readonly #before: Fields
  readonly #headers: IncomingHttpHeaders
  readonly #check: ReaderCheck
  readonly #timer: NodeJS.Timeout | undefined
  /** Until it is used, or given back. */
  #permit: Permit | undefined
  #hasCeded = false
  #resolve!: (result: RunResult) => void
  /** What is stored once its body is there. */
  #pending: { readonly response: StoredResponse; readonly tags: readonly string[] } | undefined

  /** Prepares everything: the next thing to be done is to hand the request on. */
  constructor(visit: Visit, plan: RunPlan) {
    const { req, res, credentials, configuration } = visit
    this.#visit = visit
    this.#plan = plan
    this.#permit = plan.permit
    this.result = new Promise((resolve) => (this.#resolve = resolve))
    this.#before = fieldsOf(res)
    // As the client sent them: a run around this one shows the route others.
    const outer = innermost.get(req)
    this.#headers = outer === undefined ? req.headers : outer.#headers
    const isWholeWanted = plan.permit !== undefined || plan.former !== undefined
    if (isWholeWanted) req.headers = headersForRoute(req, plan.former)
    this.#check = watchReads(req, res, credentials.length > 0)
    const recorded = record(res, {
      onHead: (head, whole) => this.#onHead(head, whole),
      onDone: (body, isRefused) => {
        this.#onDone(body, isRefused)
      },
      outside: this.#check.outside,
    })
    this.#timer = this.#startTimer(recorded, configuration.routeTimeoutMs)
    innermost.set(req, this)
  }

  /** Where it stores. */
  get slotKey(): string {
    return this.#plan.slot.key
  }

  /** Leaves it to a run within this one to store the response, and to say what came of it. */
  cede(): Permit | undefined {
    const permit = this.#permit
    this.#permit = undefined
    this.#hasCeded = true
    return permit
  }

  /** What came of the run within this one. */
  follow(result: Promise<RunResult>): void {
    void result.then(this.#resolve)
  }

  #startTimer(recorded: RecordedResponse, ms: number): NodeJS.Timeout | undefined {
    const { former } = this.#plan
    if (former === undefined || !mayStandIn(former, this.#now)) return undefined
    return setTimeout(() => {
      this.#tell({ detail: 'stale-if-error' })
      recorded.replaceBy(answerTo(this.#asked, former, this.#now))
    }, ms).unref()
  }

  get #now(): number {
    return this.#visit.cache.clock.now()
  }

  get #asked(): { method: string | undefined; headers: IncomingHttpHeaders } {
    return { method: this.#visit.req.method, headers: this.#headers }
  }

  #tell(handling: Omit<Parameters<typeof tell>[1], 'fwd'>): void {
    if (innermost.get(this.#visit.req) === this) tell(this.#visit, { fwd: this.#plan.fwd, ...handling })
  }

  #onHead(head: SentHead, whole: Buffer | undefined): Decision {
    clearTimeout(this.#timer)
    if (this.#hasCeded) return {}
    const { former } = this.#plan
    const recording = { ...head, recordedAt: this.#now }
    if (former !== undefined) {
      const instead = this.#fromFormer(former, recording)
      if (instead !== undefined) return instead
    }
    const response = withAddedFields(recording, whole, { ...this.#visit, tags: this.#plan.tags })
    const storability = this.#storabilityOf(response, head)
    const vary = varyNames(response, this.#visit.configuration.vary)
    const reads = { isScoped: this.#visit.isScoped, vary, ignore: this.#visit.configuration.ignore }
    const unkeyed = whyUnkeyed(this.#visit.req, this.#check.reads, reads)
    const { permit } = this.#plan
    const isStored = storability.isStorable && unkeyed === undefined && permit !== undefined
    const detail = this.#detailOf(storability, unkeyed, vary)
    this.#tell({ stored: isStored, ...(detail !== undefined && { detail }) })
    const isUnchanged = this.#isAnsweredHere && isNotModified(response, this.#headers)
    const instead = isUnchanged ? notModified(response.fields) : undefined
    if (!isStored) {
      // Another one is there, which is not stored.
      if (former !== undefined && head.status < 500) this.#drop()
      const isRefused = !storability.isStorable || unkeyed !== undefined
      this.#giveUp(isRefused && this.#isTelling(head.status), !isRefused)
      return { instead }
    }
    const named = tagsNamedBy(response, this.#visit.res)
    this.#pending = { response: this.#storedOf(response, storability, vary), tags: named }
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
      this.#tell({ fwdStatus: recording.status, detail: 'stale-if-error' })
      this.#resolve({ ...NOTHING, response: former })
      return { instead: answerTo(this.#asked, former, this.#now) }
    }
    return undefined
  }

  #validate(former: StoredResponse, recording: Recording): Decision {
    const whole = freshened(former, recording, this.#before)
    const storability = this.#storabilityOf(whole, { declaredUnder: former.status })
    const { permit } = this.#plan
    const fwdStatus = recording.status === 304 ? 304 : undefined
    const isUnkeyed = this.#isReadLate(former)
    const isStored = storability.isStorable && permit !== undefined && !isUnkeyed
    const { variant, body, removed } = former
    const kept = { variant, body, removed }
    const fresh = storability.isStorable
      ? { ...this.#storedOf(whole, storability, former.vary), ...kept }
      : { ...former, fields: whole.fields, recordedAt: recording.recordedAt }
    this.#tell({ fwdStatus, stored: isStored })
    const instead = answerTo(this.#asked, fresh, this.#now)
    if (isStored) this.#pending = { response: fresh, tags: tagsNamedBy(whole, this.#visit.res) }
    else if (!storability.isStorable) this.#drop()
    if (!isStored) this.#giveUp(isUnkeyed)
    else this.#store(fresh)
    return { instead }
  }

  #storabilityOf(response: Recording, { declaredUnder }: Pick<SentHead, 'declaredUnder'>): Storability {
    const { req, configuration, isScoped } = this.#visit
    return storabilityOf(
      response,
      {
        isScoped,
        // Asked again: who asks may have been found out behind this middleware.
        credentials: isScoped ? [] : this.#check.outside(() => credentialsOf(req, configuration.ignore)),
        vary: configuration.vary,
        isDeclaredBefore: declaredUnder === undefined || declaredUnder < 400,
      },
      configuration,
    )
  }

  #detailOf(
    storability: Storability,
    unkeyed: Detail | undefined,
    vary: readonly string[],
  ): Detail | undefined {
    if (this.#plan.detail !== undefined) return this.#plan.detail
    if (!storability.isStorable) return storability.reason
    if (unkeyed !== undefined || process.env['NODE_ENV'] === 'production') return unkeyed
    const name = unkeyedField(this.#check.reads, vary)
    if (name === undefined) return undefined
    pointOutUnkeyed(this.#visit, name)
    return `read-${name}`
  }

  #storedOf(
    response: Recording,
    storability: Extract<Storability, { isStorable: true }>,
    vary: readonly string[],
  ): StoredResponse {
    const { terms } = storability
    return storedResponse(response, terms, {
      fields: withDate(fieldsToStore(response, this.#before, terms.withoutFields), response.recordedAt),
      removed: removedFields(response, this.#before),
      vary,
      variant: variantOf(vary, this.#headers),
      body: NO_BODY,
    })
  }

  #onDone(body: Buffer | undefined, isRefused: boolean): void {
    clearTimeout(this.#timer)
    this.#check.end()
    this.#visit.req.headers = this.#headers
    if (this.#hasCeded) return
    if (this.#pending === undefined) {
      this.#giveUp(false)
      return
    }
    const { response } = this.#pending
    const isReadLate = this.#isReadLate(response)
    if (body === undefined || isTruncated(response, body) || isReadLate) this.#giveUp(isRefused || isReadLate)
    else this.#store({ ...response, ...this.#withEtag(response, body), body })
  }

  /** A body can be personal though its head was not. */
  #isReadLate({ vary }: StoredResponse): boolean {
    const { req, isScoped, configuration } = this.#visit
    return whyUnkeyed(req, this.#check.reads, { isScoped, vary, ignore: configuration.ignore }) !== undefined
  }

  #withEtag({ status, fields }: StoredResponse, body: Buffer): Pick<StoredResponse, 'fields'> {
    const { etag } = this.#visit.configuration
    if (etag === false || status !== 200 || field({ fields }, 'etag') !== undefined) return { fields }
    return { fields: [...fields, ['ETag', etagOf(body, etag)]] }
  }

  #store(response: StoredResponse): void {
    const { slot, tags } = this.#plan
    const named = this.#pending?.tags ?? []
    const permit = this.#permit
    this.#pending = undefined
    this.#permit = undefined
    if (permit === undefined) return
    const all = [...new Set([...tags, ...named])]
    void this.#visit.store.store(response, { topKey: this.#visit.key, slot, permit, tags: all })
    this.#resolve({ response, isRefused: false })
  }

  #drop(): void {
    void this.#visit.store.drop(this.#plan.slot.key)
  }

  #giveUp(isRefused: boolean, isStorable = false): void {
    this.#pending = undefined
    if (this.#permit !== undefined) this.#visit.store.giveBack(this.#permit)
    this.#permit = undefined
    this.#resolve({ ...NOTHING, isRefused, isStorable })
  }
}

/** Whether less was sent than was promised: nothing that is cut off is kept (RFC 9111 §3.3). */
function isTruncated({ fields }: StoredResponse, body: Buffer): boolean {
  const promised = field({ fields }, 'content-length')
  return promised !== undefined && Number(promised) !== body.length
}
