import type { Outcome } from '../cache/outcome'
import { beginRun } from './begin-run'
import { Claiming } from './claiming'
import type { Forward } from './errand'
import { Asking, Errand } from './errand'
import { firstOf } from './first-of'
import { pointOutRefusals } from './hints'
import { Passes } from './passes'
import { refuseToForward } from './gateway-timeout'
import { isGone } from './is-gone'
import { remainingMs, replay } from './replay'
import { isRerun, rerun } from './rerun'
import type { Found, Permit } from './response-store'
import type { ResponseConfiguration } from './response-configuration'
import type { RunPlan, RunResult } from './run-plan'
import { NOTHING } from './run-plan'
import type { StoredResponse } from './stored-response'
import type { Verdict } from './usability'
import { verdictOn } from './usability'
import { variantOf } from './vary'
import type { Visit } from './visit'
import { tagsOf, tell } from './visit'
import { mayShare, uncovered } from './who-asks'

/** The responses of what is behind one middleware: from the cache where that may be, else from one run of the route. */
export class CachedRoute {
  readonly #configuration: ResponseConfiguration
  readonly #passes = new Passes(() => performance.now())
  /** What is being run again behind the clients. */
  readonly #refreshing = new Set<string>()
  #refused = 0
  #hasStored = false

  constructor(configuration: ResponseConfiguration) {
    this.#configuration = configuration
  }

  /** Answers from what is in process, if that can be: at once. */
  answerNear(visit: Visit): boolean {
    if (isRerun(visit.req)) return false
    const found = visit.store.findNear(visit.key, visit.headers)
    if (found?.response === undefined) return false
    const verdict = this.#judge(visit, found)
    return verdict.action === 'answer' && this.#answer(visit, found, verdict)
  }

  /** Answers from the store, from the run of the route that is under way, or has the route run. */
  async answer(visit: Visit, next: (error?: unknown) => void): Promise<void> {
    const tags = tagsOf(visit)
    const patientUntil = performance.now() + this.#configuration.collapseMs
    const asking = new Asking(visit, tags, next, patientUntil)
    // Most often there is nothing: then this is all there is to be asked.
    let seen = this.#mayClaimAtOnce(visit) ? await this.#claimAtOnce(asking) : undefined
    if (seen === 'answered') return
    let failures = 0
    for (;;) {
      const found = seen ?? (await visit.store.find(visit.key, tags, visit.req.headers))
      seen = undefined
      // Somebody else has answered meanwhile, or there is nobody to be answered.
      if (visit.res.headersSent || isGone(visit.res)) return
      const verdict = this.#judge(visit, found)
      if (verdict.action === 'answer' && this.#answer(visit, found, verdict)) return
      if (verdict.action === 'gateway-timeout') {
        refuseToForward(visit)
        return
      }
      const forward = verdict.action === 'forward' ? verdict : forwarded(verdict)
      const errand = new Errand(asking, forward, found)
      const leftMs = patientUntil - performance.now()
      const underWay = this.#mayWait(errand) && leftMs > 0 ? visit.store.underWay(found.slot) : undefined
      if (underWay === undefined || isForOneUse(found.response)) {
        this.#countMiss(visit)
        if (underWay === undefined && this.#mayLead(errand)) await this.#lead(errand)
        else this.#runAlone(errand)
        return
      }
      const outcome = await firstOf(underWay, { ms: leftMs, res: visit.res })
      const shared = outcome === undefined ? undefined : (outcome.value as RunResult | undefined)
      if (shared !== undefined && this.#share(visit, shared, forward)) return
      if (shared?.failure !== undefined) failures += 1
      if (isForOneUse(shared?.response) || shared?.failure?.releases(failures) === true) {
        this.#countMiss(visit)
        this.#runAlone(errand)
        return
      }
    }
  }

  #judge({ req, cache, credentials, configuration }: Visit, { response, slot }: Found): Verdict {
    return verdictOn(response, {
      req,
      now: cache.clock.now(),
      credentials,
      honoursRequest: configuration.honoursRequest,
      hasOtherVariants: slot.index !== undefined,
    })
  }

  /** Sends what is stored. `false` where it may be used only while the route runs behind, and that can't be. */
  #answer(
    visit: Visit,
    found: Found,
    { response, isStale }: Extract<Verdict, { action: 'answer' }>,
  ): boolean {
    if (isStale && (isRerun(visit.req) || !this.#refresh(visit, found))) return false
    visit.cache.counters.count(true)
    const now = visit.cache.clock.now()
    tell(visit, { hit: true, ttl: Math.floor(remainingMs(response, now) / 1000) }, response)
    replay(visit, visit.res, response, now)
    return true
  }

  /** Has the route run once more behind the client, if it isn't about it already. */
  #refresh({ req, configuration }: Visit, { slot }: Found): boolean {
    if (this.#refreshing.has(slot.key)) return true
    const run = rerun(req, configuration.routeTimeoutMs)
    if (run === undefined) return false
    this.#refreshing.add(slot.key)
    void run.finally(() => this.#refreshing.delete(slot.key))
    return true
  }

  #mayWait({ visit, found, verdict }: Errand): boolean {
    const { req } = visit
    if (req.method !== 'GET' || this.#configuration.collapseMs === 0) return false
    if (verdict.detail === 'credential' || isForPart(visit, verdict)) return false
    return !this.#passes.has(passOf(found.slot.key, visit))
  }

  #mayLead({ visit, found, verdict }: Errand): boolean {
    const { req } = visit
    // The answer to HEAD has no body: it says only whether what is stored is still right.
    if (req.method !== 'GET' && verdict.former === undefined) return false
    if (isForPart(visit, verdict) || verdict.detail === 'credential') return false
    return !this.#passes.has(passOf(found.slot.key, visit)) && !isNotToBeStored(visit)
  }

  /** Gives a request what another one's run of the route has made, if it may be shared with it. */
  #share(visit: Visit, { response }: RunResult, { fwd }: Forward): boolean {
    if (response === undefined || visit.res.headersSent || isGone(visit.res)) return false
    if (isForOneUse(response)) return false
    if (!mayShare(uncovered(visit.credentials, response.vary), response.sharing)) return false
    if (variantOf(response.vary, visit.req.headers) !== response.variant) return false
    visit.cache.counters.count(true)
    tell(visit, { fwd, collapsed: true }, response)
    replay(visit, visit.res, response, visit.cache.clock.now())
    return true
  }

  #mayClaimAtOnce(visit: Visit): boolean {
    const { req, key, store } = visit
    if (req.method !== 'GET' || req.headers.range !== undefined) return false
    if (isNotToBeStored(visit) || this.#passes.has(passOf(key, visit))) return false
    return store.underWay({ key, index: undefined }) === undefined
  }

  /** Looks for what is stored and has the route run where that is nothing, for all who ask meanwhile. */
  async #claimAtOnce(asking: Asking): Promise<Found | undefined | 'answered'> {
    const { visit, tags, patientUntil } = asking
    const slot = { key: visit.key, index: undefined }
    let seen: Found | undefined | 'answered'
    await visit.store.lead(slot, tags, async () => {
      const willDo = (response: StoredResponse): boolean =>
        this.#errandFor(visit, { response, slot }) === undefined
      const claiming = new Claiming(tags, patientUntil, willDo)
      const found = await visit.store.findOrClaim(visit.key, visit.req.headers, claiming)
      const verdict = found.permit && this.#errandFor(visit, found)
      if (verdict === undefined || visit.res.headersSent || isGone(visit.res)) {
        giveBack(visit, found.permit)
        seen = found
        return outcomeOf(NOTHING)
      }
      seen = 'answered'
      this.#countMiss(visit)
      return outcomeOf(await this.#run(new Errand(asking, verdict, found), found.permit))
    })
    return seen
  }

  /** What the route has to run for, where what is stored is of no use to a request that may have something stored. */
  #errandFor(visit: Visit, found: Found): Forward | undefined {
    const verdict = this.#judge(visit, found)
    if (verdict.action === 'forward') return verdict.detail === undefined ? verdict : undefined
    return verdict.action === 'answer' && verdict.isStale && isRerun(visit.req)
      ? forwarded(verdict)
      : undefined
  }

  /** Has the route run for all who ask meanwhile. */
  async #lead(errand: Errand): Promise<void> {
    const { asking, found } = errand
    const { visit, tags, patientUntil } = asking
    const { slot } = found
    const willDo = (response: StoredResponse): boolean => {
      const verdict = this.#judge(visit, { response, slot })
      return verdict.action === 'answer' && !verdict.isStale && verdict.response.variant === response.variant
    }
    const course = { isLed: false }
    const outcome = await visit.store.lead(slot, tags, async () => {
      const { found: stored, permit } = await visit.store.claim(
        slot,
        new Claiming(tags, patientUntil, willDo),
      )
      if (stored !== undefined) return outcomeOf({ response: stored, isRefused: false })
      if (isGone(visit.res) || visit.res.headersSent) {
        giveBack(visit, permit)
        return outcomeOf(NOTHING)
      }
      course.isLed = true
      return outcomeOf(await this.#run(errand, permit))
    })
    const isAnswered = course.isLed || this.#share(visit, outcome.value as RunResult, errand.verdict)
    if (!isAnswered && !visit.res.headersSent && !isGone(visit.res)) this.#runAlone(errand)
  }

  /** Has the route run for a request that nobody waits for. */
  #runAlone(errand: Errand): void {
    this.#run(errand).catch(errand.asking.next)
  }

  async #run({ asking, verdict, found }: Errand, permit?: Permit): Promise<RunResult> {
    const { visit, tags, next } = asking
    const isPart = isForPart(visit, verdict)
    const plan: RunPlan = {
      fwd: isPart ? 'bypass' : verdict.fwd,
      detail: verdict.detail ?? (isPart ? 'range' : undefined),
      former: verdict.former,
      slot: found.slot,
      permit,
      tags,
    }
    const run = beginRun(visit, plan, next)
    if (run === undefined) return NOTHING
    const result = await run.result
    this.#learn(visit, found, result)
    return result
  }

  #learn(visit: Visit, { slot }: Found, result: RunResult): void {
    const { response, isRefused, isStorable = false, isOverruled = false } = result
    const pass = passOf(slot.key, visit)
    if (response !== undefined) this.#hasStored = true
    if (isRefused) this.#passes.add(pass)
    else if (response !== undefined || isStorable) this.#passes.delete(pass)
    if (isRefused && !isOverruled && !this.#hasStored && (this.#refused += 1) === REFUSALS_POINTED_OUT) {
      if (this.#configuration.ttlMs === undefined) pointOutRefusals(visit)
    }
  }

  #countMiss({ cache }: Visit): void {
    cache.counters.count(false)
  }
}

const REFUSALS_POINTED_OUT = 10

/** A request whose client may be told what is over, and that goes to the route all the same. */
function forwarded({ response }: Extract<Verdict, { action: 'answer' }>): Forward {
  return { action: 'forward', fwd: 'stale', former: response }
}

/** What is over at once answers one request, and is kept to be validated by the next (RFC 9111 §5.2.2.4). */
function isForOneUse(response: StoredResponse | undefined): boolean {
  return response !== undefined && response.freshForMs <= 0
}

/** A part is asked of the route as it is, unless what is stored may prove right. */
function isForPart({ req }: Visit, { former }: Forward): boolean {
  return req.headers.range !== undefined && former === undefined
}

/** What the client asks not to be stored, where that counts (RFC 9111 §5.2.1.5). */
function isNotToBeStored({ req, configuration }: Visit): boolean {
  return (
    configuration.honoursRequest && /(^|[\s,])no-store($|[\s,])/i.test(req.headers['cache-control'] ?? '')
  )
}

/** What is refused to one who says who asks, or what misleads, is no matter to others. */
function passOf(key: string, visit: Visit): string {
  return visit.isSpecial ? `${key} special` : key
}

function outcomeOf(result: RunResult): Outcome {
  return { payload: undefined, value: result, isShared: true, isHit: result.response !== undefined }
}

function giveBack({ store }: Visit, permit: Permit | undefined): void {
  if (permit !== undefined) store.giveBack(permit)
}
