import type { Directives } from './cache-control'
import { namedFields } from './cache-control'
import { canBeValidated } from './conditional'
import type { Freshness, FreshnessOptions } from './freshness'
import { declaringField, freshnessOf } from './freshness'
import type { Recording } from './recording'
import { field, listField } from './recording'
import type { CacheDirectives } from './targeted-cache-control'
import { cacheDirectives } from './targeted-cache-control'
import type { Sharing } from './who-asks'
import { mayShare, uncovered } from './who-asks'

/** Why a response was not stored, as `Cache-Status` says it in `detail`. */
export type RefusalReason =
  | 'no-store'
  | 'private'
  | 'no-cache'
  | 'set-cookie'
  | 'vary-star'
  | 'status'
  | 'credential'
  | 'no-freshness'
  | 'stale'
  | 'too-large'
  | 'event-stream'

/** On which terms a response is stored. */
export interface Terms {
  readonly freshness: Freshness
  readonly sharing: Sharing
  /** Fields that are not to be stored, in lower case. */
  readonly withoutFields: readonly string[]
}

/** That a response may be stored. */
export interface Storable {
  readonly isStorable: true
  readonly terms: Terms
}

/** Whether a response may be stored, and on which terms. */
export type Storability = Storable | { readonly isStorable: false; readonly reason: RefusalReason }

/** Of a 304 that names another response than the one it was asked about (RFC 9111 §4.3.4). */
export const ABOUT_ANOTHER: Storability = Object.freeze({ isStorable: false, reason: 'stale' })

/** What the application says of what is stored. */
export interface StorageOptions extends FreshnessOptions {
  /** The largest body. */
  readonly maxBodyBytes: number
  /** Fields that tell such caches as this one what to do (RFC 9213), in lower case. */
  readonly targetedFields: readonly string[]
  /** What becomes of a response that sets a cookie. */
  readonly setCookie: 'refuse' | 'strip'
}

/** What the decision depends on beside the response and the options. */
export interface StorageContext {
  /** Whether the key says whose copy it is. */
  readonly isScoped: boolean
  /** How the request says who asks. */
  readonly credentials: readonly string[]
  /** Request fields that the key covers by the `vary` option, in lower case. */
  readonly vary: readonly string[]
  /** Whether what a field, in lower case, says of freshness was said for the failure, if it is one. */
  readonly isFailureMeant: (field: string) => boolean
}

/** The same of one request. Of a class, as everything is that leads to the request: see `Asking`. */
export class StorageQuestion implements StorageContext {
  readonly isScoped: boolean
  readonly credentials: readonly string[]
  readonly vary: readonly string[]
  readonly isFailureMeant: (field: string) => boolean

  constructor(
    isScoped: boolean,
    credentials: readonly string[],
    vary: readonly string[],
    isFailureMeant: (field: string) => boolean,
  ) {
    this.isScoped = isScoped
    this.credentials = credentials
    this.vary = vary
    this.isFailureMeant = isFailureMeant
  }
}

/** Statuses for which nothing is stored: parts, and answers about something else (RFC 9111 §3). */
const NEVER_STORED = new Set([206, 304])

/** What `must-understand` is about (RFC 9110 §15). */
const UNDERSTOOD = new Set([
  200, 201, 202, 203, 204, 205, 300, 301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408,
  409, 410, 411, 412, 413, 414, 415, 416, 417, 421, 422, 426, 500, 501, 502, 503, 504, 505,
])

/** Errors that say something lasting about the resource (RFC 9110 §15.1); others may just have happened. */
const LASTING_ERRORS = new Set([404, 405, 410, 414, 501])

/** Whether a status says what the resource is now; others say that this client, or nobody for now, gets it. */
export function isOfTheResource(status: number): boolean {
  return status < 400 || status === 404 || status === 410
}

/** Decides whether the response to a GET may be stored (RFC 9111 §3), and says why not. */
export function storabilityOf(
  response: Recording,
  context: StorageContext,
  options: StorageOptions,
): Storability {
  const said = cacheDirectives(response, options.targetedFields)
  const reason = whyForbidden(response, said, context, options)
  if (reason !== undefined) return { isStorable: false, reason }
  const freshness = freshnessOf(response, said, options)
  if (freshness === undefined) return { isStorable: false, reason: 'no-freshness' }
  const sharing = sharingOf(said.directives, freshness)
  const late = whyUseless(response, freshness, { sharing, directives: said.directives, context })
  if (late !== undefined) return { isStorable: false, reason: late }
  return {
    isStorable: true,
    terms: { freshness, sharing, withoutFields: fieldsLeftOut(said.directives, options) },
  }
}

function whyForbidden(
  response: Recording,
  said: CacheDirectives,
  context: StorageContext,
  options: StorageOptions,
): RefusalReason | undefined {
  const { status } = response
  const { directives } = said
  const { statuses, setCookie, maxBodyBytes } = options
  const isNotUnderstood = directives.get('must-understand') === '' && !UNDERSTOOD.has(status)
  if (NEVER_STORED.has(status) || isNotUnderstood) return 'status'
  // Whoever understands the status may store in spite of no-store (RFC 9111 §5.2.2.3).
  if (directives.has('no-store') && directives.get('must-understand') !== '') return 'no-store'
  if (namedFields(directives, 'private') === 'all' && !context.isScoped) return 'private'
  if (hasCookie(response, directives, setCookie)) return 'set-cookie'
  if (listField(response, 'vary').includes('*')) return 'vary-star'
  if (/^text\/event-stream\b/i.test(String(field(response, 'content-type') ?? ''))) return 'event-stream'
  if (statuses === undefined ? isAccident(status, said, context) : !statuses.includes(status)) return 'status'
  if (Number(field(response, 'content-length') ?? 0) > maxBodyBytes) return 'too-large'
  return undefined
}

/** A cookie is for one client, unless the route says that it is the only thing that is. */
function hasCookie(response: Recording, directives: Directives, setCookie: 'refuse' | 'strip'): boolean {
  if (setCookie === 'strip' || field(response, 'set-cookie') === undefined) return false
  return !fieldsNamed(directives).includes('set-cookie')
}

/** sendFile and many a route set Cache-Control and fail then: that was not meant for the error. */
function isAccident(status: number, said: CacheDirectives, { isFailureMeant }: StorageContext): boolean {
  return status >= 400 && !LASTING_ERRORS.has(status) && !isFailureMeant(declaringField(said))
}

function sharingOf(directives: Directives, { declaredBy }: Freshness): Sharing {
  if (directives.get('public') === '' || directives.has('s-maxage')) return 'public'
  if (declaredBy === 'ttl') return 'ttl'
  return directives.has('must-revalidate') ? 'public' : 'declared'
}

/**
 * What is stale from the beginning is of use only to be validated or to stand in, and only for those who need no other
 * word for it.
 */
function whyUseless(
  response: Recording,
  { freshForMs, staleWhileRevalidateMs, staleIfErrorMs }: Freshness,
  { sharing, directives, context }: { sharing: Sharing; directives: Directives; context: StorageContext },
): RefusalReason | undefined {
  const credentials = context.isScoped
    ? []
    : uncovered(context.credentials, [...context.vary, ...listField(response, 'vary')])
  if (!mayShare(credentials, sharing)) return 'credential'
  if (freshForMs > 0) return undefined
  if (sharing !== 'public' && credentials.length > 0) return 'credential'
  const mayStandIn = freshForMs + Math.max(staleWhileRevalidateMs, staleIfErrorMs) > 0
  if (canBeValidated(response) || mayStandIn) return undefined
  return namedFields(directives, 'no-cache') === 'all' ? 'no-cache' : 'stale'
}

function fieldsLeftOut(directives: Directives, { setCookie }: StorageOptions): readonly string[] {
  const named = fieldsNamed(directives)
  return setCookie === 'strip' ? [...named, 'set-cookie'] : named
}

function fieldsNamed(directives: Directives): readonly string[] {
  return (['private', 'no-cache'] as const).flatMap((name) => {
    const named = namedFields(directives, name)
    return named === 'all' ? [] : named
  })
}
