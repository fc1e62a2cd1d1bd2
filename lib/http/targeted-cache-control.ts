import type { Directives } from './cache-control'
import { parseCacheControl } from './cache-control'
import type { Recording } from './recording'
import { field } from './recording'

const KEY = '[a-z*][a-z0-9_.*-]*'
const BARE_ITEM = [
  String.raw`-?\d{1,15}`,
  String.raw`-?\d{1,12}\.\d{1,3}`,
  String.raw`"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"`,
  String.raw`[A-Za-z*][!#$%&'*+\-.^_\`|~\w:/]*`,
  ':[A-Za-z0-9+/=]*:',
  String.raw`\?[01]`,
].join('|')
const PARAMETERS = `(?:; *${KEY}(?:=(?:${BARE_ITEM}))?)*`
const ITEM = `(?:${BARE_ITEM})${PARAMETERS}`
const INNER_LIST = String.raw`\( *(?:${ITEM}(?: +${ITEM})*)? *\)${PARAMETERS}`
const MEMBER = `(${KEY})(?:=(?:(${BARE_ITEM})${PARAMETERS}|${INNER_LIST})|${PARAMETERS})`
const ONE_MEMBER = new RegExp(String.raw`${MEMBER}[ \t]*(?:,[ \t]*(?=.)|$)`, 'y')

/** What a response says to caches, and whether it was said in a field for such as this one. */
export interface CacheDirectives {
  readonly directives: Directives
  /** The field that they are of, in lower case. */
  readonly field: string
  /** Then `Cache-Control` and `Expires` do not count. */
  readonly isTargeted: boolean
}

/**
 * The directives of the first of these fields that can be read and isn't empty, else of `Cache-Control`
 * (RFC 9213 §2.2).
 */
export function cacheDirectives(
  response: Pick<Recording, 'fields'>,
  targetedFields: readonly string[],
): CacheDirectives {
  for (const name of targetedFields) {
    const directives = parseDictionary([field(response, name) ?? []].flat().join(', '))
    if (directives !== undefined && directives.size > 0) return { directives, field: name, isTargeted: true }
  }
  const directives = parseCacheControl(field(response, 'cache-control'))
  return { directives, field: 'cache-control', isTargeted: false }
}

/** Reads a targeted field: a Dictionary of RFC 8941 §3.2. `undefined` where it is none: then it does not count. */
function parseDictionary(text: string): Directives | undefined {
  const directives = new Map<string, string>()
  const trimmed = text.trim()
  ONE_MEMBER.lastIndex = 0
  while (ONE_MEMBER.lastIndex < trimmed.length) {
    const [, name, item = '?1'] = ONE_MEMBER.exec(trimmed) ?? []
    if (name === undefined) return undefined
    // The last one counts (RFC 8941 §4.2.2); what is false is not there.
    if (item === '?0') directives.delete(name)
    else directives.set(name, item === '?1' ? '' : argumentOf(item))
  }
  return directives
}

/** A lifetime is an Integer: in quotes it keeps them, and is none. */
function argumentOf(item: string): string {
  return /^"\d*"$/.test(item) ? item : item.replace(/^"(.*)"$/, '$1').replace(/\\(.)/g, '$1')
}
