import type { IncomingHttpHeaders } from 'node:http'
import { parseHttpDate } from './http-date'
import type { Recording } from './recording'
import { field } from './recording'

/** What a condition is held against: the status and fields of the response that would be sent. */
export type Conditioned = Pick<Recording, 'status' | 'fields'>

/**
 * Whether the client has this response already (RFC 9110 §13.1, §13.2.2): by `If-None-Match`, compared weakly,
 * else by `If-Modified-Since`.
 */
export function isNotModified(response: Conditioned, headers: IncomingHttpHeaders): boolean {
  if (response.status !== 200) return false
  const ifNoneMatch = headers['if-none-match']
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch.trim() === '*') return true
    const etag = field(response, 'etag')
    const tags = ifNoneMatch.match(/(?:W\/)?"[^"]*"/g) ?? []
    return etag !== undefined && tags.some((tag) => isSameWeakly(tag, String(etag)))
  }
  const since = parseHttpDate(headers['if-modified-since'] ?? '')
  // Where the route doesn't say when it was modified, the Date stands for it (RFC 9111 §4.3.2).
  const modified = parseHttpDate(String(field(response, 'last-modified') ?? field(response, 'date') ?? ''))
  return modified <= since
}

/** Whether the part that a client has is of this very response, so that another part fits it (RFC 9110 §13.1.5). */
export function isSameForRange(response: Conditioned, headers: IncomingHttpHeaders): boolean {
  const ifRange = headers['if-range']
  if (ifRange === undefined) return true
  const validator = String(ifRange)
  // Of a weak tag it is not known that the bytes are the same.
  if (validator.startsWith('"')) return validator === field(response, 'etag')
  const modified = String(field(response, 'last-modified') ?? '')
  const date = parseHttpDate(String(field(response, 'date') ?? ''))
  // A date is a strong validator only if nothing can have changed within its second (RFC 9110 §8.8.2.2).
  return validator === modified && date - parseHttpDate(modified) >= 1000
}

/** Whether the route can say that a stored response is still right: its 304 stands for a 200 (RFC 9110 §15.4.5). */
export function canBeValidated(response: Conditioned): boolean {
  return Object.keys(validatorsOf(response)).length > 0
}

/** The fields by which the route can say so (RFC 9111 §4.3.1). */
export function validatorsOf(response: Conditioned): IncomingHttpHeaders {
  if (response.status !== 200) return {}
  const etag = field(response, 'etag')
  const modified = field(response, 'last-modified')
  return {
    ...(etag !== undefined && { 'if-none-match': String(etag) }),
    ...(modified !== undefined && { 'if-modified-since': String(modified) }),
  }
}

/** Whether an ETag says no more than that what has it means the same (RFC 9110 §8.8.1). */
export function isWeak(etag: string): boolean {
  return etag.startsWith('W/')
}

/** Weak comparison of two ETags (RFC 9110 §8.8.3.2). */
export function isSameWeakly(one: string, other: string): boolean {
  return one.replace(/^W\//, '') === other.replace(/^W\//, '')
}
