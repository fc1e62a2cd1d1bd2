import type { Cache } from '../cache/cache'
import type { Recording } from './recording'
import type { QueryOption } from './query-part'
import { withQuery } from './query-part'
import { field } from './recording'
import type { Target } from './request-key'
import { targetTag } from './request-key'

/** Methods that change nothing (RFC 9110 §9.2.1 and the registry); of any other it isn't known. */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'REPORT', 'SEARCH', 'QUERY', 'PRI'])

/** Whether a request may change what is stored (RFC 9111 §4.4). */
export function isUnsafe(method: string | undefined): boolean {
  return !SAFE.has(method ?? 'GET')
}

/** Whether an answer says that something was done: 2xx and 3xx (RFC 9111 §4.4). */
export function isSuccess(status: number): boolean {
  return status >= 200 && status < 400
}

/** What an answer to an unsafe request is about beside its own URL: `Location` and `Content-Location` of this origin. */
export function concernedTargets(asked: Target, response: Pick<Recording, 'fields'>): readonly Target[] {
  return ['location', 'content-location'].flatMap((name) => {
    const url = field(response, name)
    const target = url === undefined ? undefined : sameOriginTarget(asked, String(url))
    return target === undefined ? [] : [target]
  })
}

/** What a client takes out of a path before it asks for it (RFC 3986 §5.2.4). */
const DOT_SEGMENT = /^[^?#]*\/(\.|%2e){1,2}([/?#]|$)/i

/** A URL as it is seen from a target; `undefined` where it is of another origin, for others may not drop it. */
export function sameOriginTarget(target: Target, url: string): Target | undefined {
  const { base } = target.origin
  // As it was sent, where a client would ask for it so: a key is made of that.
  if (/^\/(?!\/)/.test(url) && !DOT_SEGMENT.test(url)) return { ...target, url: url.replace(/#.*$/, '') }
  try {
    const resolved = new URL(url, `${base}${target.url}`)
    if (resolved.origin !== new URL(base).origin) return undefined
    return { ...target, url: `${resolved.pathname}${resolved.search}` }
  } catch {
    return undefined
  }
}

/**
 * Drops what is stored for these URLs, however their queries are ordered, and what is stored under keys that say
 * something else, which a tag finds: other middleware may stand on the same URL, in other processes as well.
 *
 * @param query - which part of the query belongs to the key, where that is known.
 */
export async function dropTargets(
  cache: Cache,
  targets: readonly Target[],
  query: QueryOption = 'as-sent',
): Promise<void> {
  const tags = new Set<string>()
  for (const { origin, url } of targets)
    for (const part of ['as-sent', 'sorted', query] as const)
      tags.add(targetTag({ origin, url: withQuery(url, part) }))
  if (tags.size === 0) return
  await Promise.all([cache.deleteMany([...tags]), cache.invalidateTags(...tags)])
}
