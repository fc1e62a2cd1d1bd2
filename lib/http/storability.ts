import type { IncomingMessage } from 'node:http'
import { parseCacheControl } from './cache-control'
import { freshnessOf } from './freshness'
import type { CredentialHeader } from './options'
import { CREDENTIAL_HEADERS } from './options'
import type { Recording } from './recording'
import { field, listField } from './recording'

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

/** Whether a response may be stored, and for how long. */
export type Storability =
  | { readonly isStorable: true; readonly freshForMs: number; readonly isPublic: boolean }
  | { readonly isStorable: false; readonly reason: RefusalReason }

/** What the decision depends on beside the response. */
export interface StorageContext {
  readonly ttlMs: number | undefined
  readonly maxBodyBytes: number
  /** Whether the key says whose copy it is. */
  readonly isScoped: boolean
  /** Whether the request says who asks, in a way that the route may depend on. */
  readonly isIdentified: boolean
}

/** Final statuses whose meaning a cache knows (RFC 9110 §15.1), but 206: parts are not combined here. */
const KNOWN_STATUSES = new Set([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501])

/** Decides whether the response to a GET may be stored (RFC 9111 §3), and says why not. */
export function storabilityOf(response: Recording, context: StorageContext): Storability {
  const directives = parseCacheControl(field(response, 'cache-control'))
  const refuse = (reason: RefusalReason): Storability => ({ isStorable: false, reason })
  if (directives.has('no-store')) return refuse('no-store')
  if (directives.has('private') && !context.isScoped) return refuse('private')
  if (directives.has('no-cache')) return refuse('no-cache')
  if (field(response, 'set-cookie') !== undefined) return refuse('set-cookie')
  if (listField(response, 'vary').includes('*')) return refuse('vary-star')
  if (!KNOWN_STATUSES.has(response.status)) return refuse('status')

  const isPublic = directives.has('public') || directives.has('s-maxage')
  if (context.isIdentified && !context.isScoped && !isPublic) return refuse('credential')

  const freshness = freshnessOf(response, directives, context.ttlMs)
  if (freshness === undefined) return refuse('no-freshness')
  if (freshness.freshForMs <= 0) return refuse('stale')
  if (Number(field(response, 'content-length') ?? 0) > context.maxBodyBytes) return refuse('too-large')
  return { isStorable: true, freshForMs: freshness.freshForMs, isPublic }
}

/**
 * Whether a request says who asks: by a credential header that is not to be ignored, or by what an earlier
 * middleware found out (`req.auth`, `req.user`).
 */
export function isIdentified(req: IncomingMessage, ignore: readonly CredentialHeader[]): boolean {
  const { auth, user, headers } = req as IncomingMessage & { auth?: unknown; user?: unknown }
  const hasCredential = CREDENTIAL_HEADERS.some(
    (name) => headers[name] !== undefined && !ignore.includes(name),
  )
  const isKnown = (auth !== undefined && auth !== null) || (user !== undefined && user !== null)
  return hasCredential || (isKnown && !ignore.includes('authorization'))
}
