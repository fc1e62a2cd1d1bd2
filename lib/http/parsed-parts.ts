import type { IncomingMessage } from 'node:http'
import { isDeepStrictEqual } from 'node:util'

/** What Express and body parsers make of a request. */
interface Parsed extends IncomingMessage {
  readonly originalUrl?: string
  readonly body?: unknown
  readonly query?: unknown
  readonly app?: { get(setting: string): unknown }
}

const NONE: readonly string[] = Object.freeze([])
/** What can't be looked at may be anything. */
const UNKNOWN: readonly string[] = Object.freeze(['user'])

/** What somebody has put into the body of a request that came without one: the names of its members. */
export function addedToBody({ body }: Parsed): readonly string[] {
  return lookingAt(() => (typeof body === 'object' && body !== null ? Object.keys(body) : NONE))
}

/**
 * What somebody has made of the query that the application's own parser does not make of the URL: the names of the members
 * that it gives otherwise, or not at all.
 */
export function addedToQuery(req: Parsed): readonly string[] {
  // Express 5 reads it from the URL each time, unless somebody has put another in its place.
  if (!Object.hasOwn(req, 'query')) return NONE
  return lookingAt(() => {
    const { query } = req
    if (typeof query !== 'object' || query === null) return NONE
    // Of a URL that was rewritten it may be that of either.
    const urls = new Set([req.originalUrl, req.url])
    const added = [...urls].map((url) => differences(query, parsedBy(req, url ?? '')))
    return added.find((names) => names.length === 0) ?? added[0] ?? NONE
  })
}

function parsedBy({ app }: Parsed, url: string): object {
  const parse = app?.get('query parser fn') as ((query: string) => object) | undefined
  const [, query = ''] = /^[^?#]*\?([^#]*)/.exec(url) ?? []
  return parse?.(query) ?? {}
}

function differences(query: object, parsed: object): readonly string[] {
  const [one, other] = [query, parsed] as Record<string, unknown>[]
  const names = new Set([...Object.keys(query), ...Object.keys(parsed)])
  return [...names].filter((name) => !isDeepStrictEqual(one?.[name], other?.[name]))
}

function lookingAt(look: () => readonly string[]): readonly string[] {
  try {
    return look()
  } catch {
    return UNKNOWN
  }
}
