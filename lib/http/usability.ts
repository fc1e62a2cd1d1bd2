import type { IncomingMessage } from 'node:http'
import { deltaSeconds, parseCacheControl } from './cache-control'
import { ageOf } from './answer'
import type { ForwardReason } from './cache-status'
import { remainingMs } from './replay'
import type { StoredResponse } from './stored-response'
import { mayShare, uncovered } from './who-asks'

/** What is done with a request, by what is stored for it. */
export type Verdict =
  /** It is answered; `isStale` where the route is to be run again behind it. */
  | { readonly action: 'answer'; readonly response: StoredResponse; readonly isStale: boolean }
  /** The route answers. `former` is what it may call still right, or what may stand in if it fails. */
  | {
      readonly action: 'forward'
      readonly fwd: ForwardReason
      readonly detail?: 'credential'
      readonly former: StoredResponse | undefined
    }
  /** Nobody answers: the client wants only what is stored (RFC 9111 §5.2.1.7). */
  | { readonly action: 'gateway-timeout' }

/** What a verdict depends on beside the response. */
export interface UsabilityContext {
  readonly req: IncomingMessage
  readonly now: number
  /** How the request says who asks, if the key doesn't say it. */
  readonly credentials: readonly string[]
  /** Whether what the request says of caching counts. */
  readonly honoursRequest: boolean
  /** Whether something is stored for other variants. */
  readonly hasOtherVariants: boolean
}

/** Whether what is stored may answer a request (RFC 9111 §4), and if not, what the route is asked for. */
export function verdictOn(response: StoredResponse | undefined, context: UsabilityContext): Verdict {
  const { req, now, credentials, honoursRequest, hasOtherVariants } = context
  const asked = honoursRequest ? parseRequest(req) : UNDEMANDING
  if (response === undefined) {
    if (asked.isOnlyIfCached) return { action: 'gateway-timeout' }
    return { action: 'forward', fwd: hasOtherVariants ? 'vary-miss' : 'uri-miss', former: undefined }
  }
  if (!mayShare(uncovered(credentials, response.vary), response.sharing)) {
    return { action: 'forward', fwd: 'bypass', detail: 'credential', former: undefined }
  }
  const leftMs = remainingMs(response, now)
  const isEnough = leftMs > 0 && leftMs >= asked.minFreshMs && ageOf(response, now) * 1000 <= asked.maxAgeMs
  if (!asked.isNoCache && isEnough) return { action: 'answer', response, isStale: false }
  const isStaleWanted = leftMs <= 0 && -leftMs <= asked.maxStaleMs && response.mayBeStale
  if (!asked.isNoCache && isStaleWanted) return { action: 'answer', response, isStale: false }
  if (asked.isOnlyIfCached) return { action: 'gateway-timeout' }
  const isAskedAnew = leftMs > 0 || asked.isNoCache
  if (!isAskedAnew && -leftMs < response.staleWhileRevalidateMs) {
    return { action: 'answer', response, isStale: true }
  }
  return { action: 'forward', fwd: isAskedAnew ? 'request' : 'stale', former: response }
}

/** Whether a response may stand in where the route has failed (RFC 5861 §4). */
export function mayStandIn(response: StoredResponse, now: number): boolean {
  return -remainingMs(response, now) < response.staleIfErrorMs
}

/** What a request says of caching (RFC 9111 §5.2.1). */
interface Demands {
  readonly isNoCache: boolean
  readonly isOnlyIfCached: boolean
  readonly maxAgeMs: number
  readonly minFreshMs: number
  readonly maxStaleMs: number
}

const UNDEMANDING: Demands = {
  isNoCache: false,
  isOnlyIfCached: false,
  maxAgeMs: Infinity,
  minFreshMs: 0,
  maxStaleMs: -1,
}

function parseRequest({ headers }: IncomingMessage): Demands {
  const directives = parseCacheControl(headers['cache-control'])
  const isPragma = headers['cache-control'] === undefined && /no-cache/i.test(headers.pragma ?? '')
  const ms = (name: string, otherwise: number): number => {
    const argument = directives.get(name)
    return argument === undefined ? otherwise : deltaSeconds(argument) * 1000
  }
  return {
    isNoCache: directives.has('no-cache') || directives.has('no-store') || isPragma,
    isOnlyIfCached: directives.has('only-if-cached'),
    maxAgeMs: ms('max-age', Infinity),
    minFreshMs: ms('min-fresh', 0),
    // Without an argument however old it is.
    maxStaleMs: directives.get('max-stale') === '' ? Infinity : ms('max-stale', -1),
  }
}
