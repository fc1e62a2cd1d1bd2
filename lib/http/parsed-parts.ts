import type { IncomingMessage } from 'node:http'
import { isDeepStrictEqual } from 'node:util'

/** What Express and body parsers make of a request. */
interface Parsed extends IncomingMessage {
  readonly originalUrl?: string
  readonly body?: unknown
  readonly query?: unknown
  readonly params?: unknown
  readonly app?: { get(setting: string): unknown }
}

const NONE: readonly string[] = Object.freeze([])
/** What can't be looked at may be anything. */
const UNKNOWN: readonly string[] = Object.freeze(['user'])
/** How far in names are looked for. */
const DEEPEST = 4

/** What somebody has put into the body of a request that came without one: the names of its members. */
export function addedToBody({ body }: Parsed): readonly string[] {
  if (body === undefined || body === null || body === '') return NONE
  return lookingAt(() => namesIn(body, DEEPEST))
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
    if (query === undefined || query === null) return NONE
    const added = urlsOf(req).map((url) => differences(query, parsedBy(req, url)))
    return added.find((names) => names.length === 0) ?? added[0] ?? NONE
  })
}

/** What somebody has put into the parameters of the path that is not in the path: their names. */
export function addedToParams(req: Parsed): readonly string[] {
  const { params } = req
  if (!isPlain(params)) return NONE
  const names = Object.keys(params)
  if (names.length === 0) return NONE
  return lookingAt(() => {
    const paths = urlsOf(req).map((url) => decodeURIComponent(url.split('?', 1)[0] ?? ''))
    const isInPath = (value: string | number): boolean => paths.some((path) => isWordOf(path, String(value)))
    return names.filter(
      (name) => ![(params[name] ?? []) as string | number | string[]].flat().every(isInPath),
    )
  })
}

/** The URL as it was sent, and as it was rewritten, if it was: what was made of it may be of either. */
function urlsOf({ originalUrl, url = '' }: Parsed): readonly string[] {
  return originalUrl === undefined || originalUrl === url ? [url] : [originalUrl, url]
}

/** Whether a text is in a path, with nothing beside it that belongs to the same word. */
function isWordOf(path: string, text: string): boolean {
  if (text === '') return true
  for (let at = path.indexOf(text); at !== -1; at = path.indexOf(text, at + 1)) {
    const [before = '', after = ''] = [path[at - 1], path[at + text.length]]
    if (!IS_OF_A_WORD.test(before) && !IS_OF_A_WORD.test(after)) return true
  }
  return false
}

const IS_OF_A_WORD = /[\p{L}\p{N}]/u

function parsedBy({ app }: Parsed, url: string): unknown {
  const parse = app?.get('query parser fn') as ((query: string) => unknown) | undefined
  const [, query = ''] = /^[^?#]*\?([^#]*)/.exec(url) ?? []
  return parse?.(query) ?? {}
}

function differences(query: unknown, parsed: unknown): readonly string[] {
  if (!isPlain(query) || !isPlain(parsed))
    return isDeepStrictEqual(query, parsed) && String(query) === String(parsed) ? NONE : UNKNOWN
  const names = new Set([...Object.keys(query), ...Object.keys(parsed)])
  const different = [...names].filter((name) => !isDeepStrictEqual(query[name], parsed[name]))
  return different.flatMap((name) => [name, ...namesIn(query[name], DEEPEST - 1)])
}

/** The names of all members, of whatever has members; of what has none, and isn't empty, nothing is known. */
function namesIn(value: unknown, depth: number): readonly string[] {
  if (typeof value !== 'object' || value === null) return depth === DEEPEST ? UNKNOWN : NONE
  if (Array.isArray(value) || isPlain(value)) {
    const within = depth === 0 ? [] : Object.values(value).flatMap((member) => namesIn(member, depth - 1))
    return [...Object.keys(value), ...within]
  }
  return UNKNOWN
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value) as object | null
  return prototype === null || prototype === Object.prototype
}

function lookingAt(look: () => readonly string[]): readonly string[] {
  try {
    return look()
  } catch {
    return UNKNOWN
  }
}
