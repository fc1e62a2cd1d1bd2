import type { ServerResponse } from 'node:http'
import type { Recording } from './recording'
import { field } from './recording'
import { isRequestKey } from './request-key'

const NONE: readonly string[] = Object.freeze([])

/** The tags that a route has named itself: in `res.locals.cacheTags`, or in a `Cache-Tag` field between commas. */
export function tagsNamedBy(response: Pick<Recording, 'fields'>, res: ServerResponse): readonly string[] {
  const { locals } = res as ServerResponse & { locals?: { cacheTags?: unknown } }
  const sent = field(response, 'cache-tag')
  if (locals?.cacheTags === undefined && sent === undefined) return NONE
  const named: unknown[] = [locals?.cacheTags ?? []].flat()
  const listed = [sent ?? []].flat().join(',').split(',')
  const texts = named.map((tag) => (typeof tag === 'number' ? String(tag) : tag))
  return [...texts, ...listed.map((tag) => tag.trim())].filter(
    (tag): tag is string => typeof tag === 'string' && tag !== '' && tag.isWellFormed(),
  )
}

/** Tags as `Cache-Tag` lists them; those that a field can't hold are left out, and those that find a URL. */
export function cacheTagField(tags: readonly string[]): string {
  return tags.filter((tag) => !isRequestKey(tag) && /^[\x21-\x2b\x2d-\x7e]+$/.test(tag)).join(',')
}
