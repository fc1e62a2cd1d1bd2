import type { IncomingHttpHeaders } from 'node:http'
import { etagOf } from './etag'
import type { Fields, Recording } from './recording'
import { field } from './recording'
import type { Terms } from './storability'
import type { StoredResponse } from './stored-response'
import { fieldsToStore, removedFields, storedResponse, withDate } from './stored-response'
import { variantOf } from './vary'

/** What is stored once its body is there. */
export interface Pending {
  readonly response: Recording
  readonly vary: readonly string[]
  /** Those that the route has named. */
  readonly tags: readonly string[]
  readonly terms: Terms
}

/** What a stored response depends on beside its head. */
interface Circumstances {
  /** The fields of earlier middleware. */
  readonly before: Fields
  /** What the client asked with. */
  readonly headers: IncomingHttpHeaders
  readonly vary: readonly string[]
  readonly body: Buffer
  readonly etag: 'strong' | 'weak' | false
}

/** A response as it is stored, now that its body is there. */
export function wholeResponse(
  response: Recording,
  terms: Terms,
  { before, headers, vary, body: sent, etag }: Circumstances,
): StoredResponse {
  // What is sent beyond the length that was promised is no part of it (RFC 9112 §6.3).
  const body = sent.subarray(0, promisedLength(response) ?? sent.length)
  const kept = withDate(fieldsToStore(response, before, terms.withoutFields), response.recordedAt)
  const isTagless = etag !== false && response.status === 200 && field({ fields: kept }, 'etag') === undefined
  return storedResponse(response, terms, {
    fields: isTagless ? [...kept, ['ETag', etagOf(body, etag)]] : kept,
    removed: removedFields(response, before),
    vary,
    variant: variantOf(vary, headers),
    body,
  })
}

/** Whether less was sent than was promised: nothing that is cut off is kept (RFC 9111 §3.3). */
export function isTruncated(response: Recording, body: Buffer): boolean {
  const promised = promisedLength(response)
  return promised !== undefined && !(promised <= body.length)
}

function promisedLength(response: Recording): number | undefined {
  const promised = field(response, 'content-length')
  return promised === undefined ? undefined : Number(promised)
}
