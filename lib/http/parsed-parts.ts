import type { IncomingMessage } from 'node:http'
import { decoded, pairsOf, parameterNamed } from './query-part'

/** What a request may have of these, as far as that is not what it came with. */
interface Parsed extends IncomingMessage {
  readonly originalUrl?: string
  readonly body?: unknown
  readonly query?: unknown
}

const NONE: readonly string[] = Object.freeze([])

/**
 * Where parsers leave what a request came with, and what somebody else has put there: the names of the members. A body
 * is for a request that has one: others are looked up only without.
 */
export function addedToBody({ body }: Parsed): readonly string[] {
  return typeof body === 'object' && body !== null ? Object.keys(body) : NONE
}

/**
 * The same of the query: members that its URL doesn't name, and those whose value isn't in it, whole or as a part: parsers
 * take lists apart, and make numbers of text.
 */
export function addedToQuery(req: Parsed): readonly string[] {
  // Express 5 reads it from the URL each time, unless somebody has put another in its place.
  const query = Object.hasOwn(req, 'query') ? req.query : undefined
  if (typeof query !== 'object' || query === null) return NONE
  const members = Object.entries(query)
  if (members.length === 0) return NONE
  const pairs = [req.url, req.originalUrl].flatMap((url) => pairsOf(url ?? ''))
  const names = new Set<string>()
  const values = new Set<string>()
  for (const pair of pairs) {
    const [name = '', ...value] = pair.split('=')
    names.add(decoded(name)).add(parameterNamed(decoded(name)))
    values.add(decoded(value.join('=')))
  }
  const all = [...values].join('\n')
  const isGiven = (value: unknown): boolean => {
    if (typeof value === 'object' && value !== null) return Object.values(value).every(isGiven)
    const text = String((value as number | string | undefined) ?? '')
    return values.has(text) || all.includes(text)
  }
  return members.filter(([name, value]) => !names.has(name) || !isGiven(value)).map(([name]) => name)
}
