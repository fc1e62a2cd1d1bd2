import type { ServerResponse } from 'node:http'
import { splitList } from './list-members'
import { Note } from './note'
import type { FieldValue, Recording } from './recording'
import { field } from './recording'
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
  | 'mounted'
  | 'inner'
  | `read-${string}`

/** What each has said of a response, for it to say better. */
const said = new Note<string>()

/**
 * Says on the response how the cache handled the request, behind what caches further in have said: a list, the one
 * nearest to the origin first (RFC 9211 §2).
 *
 * @param by - who says so: what it has said before is put right. A request may pass more than one of these caches.
 * @param stored - what is sent in the place of the present response: what caches further in have said of that counts.
 */
export function setCacheStatus(
  res: ServerResponse,
  handling: Handling,
  by: object = res,
  stored?: Pick<Recording, 'fields'>,
): void {
  if (res.headersSent) return
  const member = memberOf(handling)
  const value = stored === undefined ? res.getHeader('cache-status') : field(stored, 'cache-status')
  if (value === undefined) {
    // Of a hit nothing better is to be said: it is sent at once.
    if (handling.hit !== true) said.put(by, member)
    res.setHeader('Cache-Status', member)
    return
  }
  const others = membersOf(value)
  const before = others.lastIndexOf(said.on(by) ?? '')
  if (before !== -1) others.splice(before, 1)
  said.put(by, member)
  res.setHeader('Cache-Status', others.length === 0 ? member : `${others.join(', ')}, ${member}`)
}

/** The members of a list, which may hold commas in quotes (RFC 9651 §3.1). */
function membersOf(value: FieldValue): string[] {
  const { members, unclosed = '' } = splitList([value].flat().join(', '))
  return [...members, unclosed].map((member) => member.trim()).filter((member) => member !== '')
}

let lastTtl: number | undefined
let lastHit = ''

/** What is said of most hits is what was said of the one before. */
function memberOf(handling: Handling): string {
  const { hit, ttl, key, detail } = handling
  if (hit !== true || ttl === undefined || key !== undefined || detail !== undefined)
    return `holdfast${describe(handling)}`
  if (ttl !== lastTtl) lastHit = `holdfast${describe(handling)}`
  lastTtl = ttl
  return lastHit
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
