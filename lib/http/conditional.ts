import type { IncomingHttpHeaders } from 'node:http'
import { parseHttpDate } from './http-date'
import type { StoredResponse } from './stored-response'
import { field } from './recording'

/**
 * Whether the client has what is stored already (RFC 9110 §13.1, §13.2.2): by `If-None-Match`, compared
 * weakly, else by `If-Modified-Since`.
 */
export function isNotModified(stored: StoredResponse, headers: IncomingHttpHeaders): boolean {
  if (stored.status !== 200) return false
  const etag = field(stored, 'etag')
  const ifNoneMatch = headers['if-none-match']
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch.trim() === '*') return true
    const tags = ifNoneMatch.match(/(?:W\/)?"[^"]*"/g) ?? []
    return etag !== undefined && tags.some((tag) => weak(tag) === weak(String(etag)))
  }
  const since = parseHttpDate(headers['if-modified-since'] ?? '')
  const modified = parseHttpDate(String(field(stored, 'last-modified') ?? ''))
  return modified <= since
}

function weak(etag: string): string {
  return etag.replace(/^W\//, '')
}
