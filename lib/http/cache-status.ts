import type { ServerResponse } from 'node:http'
import type { RefusalReason } from './storability'

/** How the cache handled a request (RFC 9211 §2). */
export interface Handling {
  /** Whether it was answered without the route. */
  readonly hit?: boolean
  /** Why it went to the route. */
  readonly fwd?: ForwardReason
  /** What the route answered, where that is not what was sent. */
  readonly fwdStatus?: number | undefined
  /** How many seconds the response may still be used. */
  readonly ttl?: number
  /** Whether the response is stored. */
  readonly stored?: boolean
  /** Whether it waited for another request's run of the route, and shares its response. */
  readonly collapsed?: boolean
  readonly key?: string | undefined
  readonly detail?: Detail | undefined
}

/** Why a request went to the route (RFC 9211 §2.2). */
export type ForwardReason = 'uri-miss' | 'vary-miss' | 'stale' | 'method' | 'bypass' | 'request'

/** What else there is to know, in one word. */
export type Detail =
  | RefusalReason
  | 'no-scope'
  | 'range'
  | 'body'
  | 'method'
  | 'precondition'
  | 'stale-if-error'
  | 'only-if-cached'
  | `read-${string}`

/** What we said before, of the same response: there is no comma in it. */
const OURS = /(^|,\s*)holdfast;[^,]*/g

/** Says on the response how the cache handled the request, behind what caches further in have said. */
export function setCacheStatus(res: ServerResponse, handling: Handling): void {
  if (res.headersSent) return
  const said = res.getHeader('cache-status')
  const others = said === undefined ? '' : [said].flat().join(', ').replace(OURS, '')
  res.setHeader('Cache-Status', `${others === '' ? '' : `${others}, `}holdfast${describe(handling)}`)
}

function describe({ hit, fwd, fwdStatus, ttl, stored, collapsed, key, detail }: Handling): string {
  let text = hit === true ? '; hit' : ''
  if (fwd !== undefined) text += `; fwd=${fwd}`
  if (fwdStatus !== undefined) text += `; fwd-status=${String(fwdStatus)}`
  if (ttl !== undefined) text += `; ttl=${String(ttl)}`
  if (stored === true) text += '; stored'
  if (collapsed === true) text += '; collapsed'
  if (key !== undefined) text += `; key="${key}"`
  return detail === undefined ? text : `${text}; detail=${detail}`
}
