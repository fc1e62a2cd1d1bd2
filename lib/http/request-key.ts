import { hash } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Origin } from './origin'
import { originOf } from './origin'

/** What Express adds to a request, as far as its URL depends on it. */
interface ExpressRequest extends IncomingMessage {
  readonly originalUrl?: string
  readonly baseUrl?: string
}

/** Where a request goes, its URL with the query. */
export interface Target {
  readonly origin: Origin
  readonly url: string
}

/** What a key is made of beside the target. */
export interface KeyParts {
  /** Whose copy it is. */
  readonly scope?: string | number | undefined
  /** What the `key` option says in place of the URL. */
  readonly key?: string | undefined
  /** What the keys further out say of whom it is for. */
  readonly within?: readonly unknown[] | undefined
}

/** Which part of the query belongs to the key: all as it was sent, all in order, or these parameters in order. */
export type QueryOption = 'as-sent' | 'sorted' | readonly string[]

/** The target of a request, its URL as it was sent. */
export function targetOf(req: IncomingMessage): Target {
  return { origin: originOf(req), url: urlOf(req) }
}

/** The URL as it was sent; and as the router sees it, where somebody has rewritten it: another route answers then. */
function urlOf(req: IncomingMessage): string {
  const { originalUrl, baseUrl = '', url = '' } = req as ExpressRequest
  if (originalUrl === undefined || originalUrl === url) return url
  // A router that is mounted just there sees '/' where there was nothing.
  const rest = originalUrl.slice(baseUrl.length)
  const isOnlyMounted = originalUrl.startsWith(baseUrl) && (rest === url || `/${rest}` === url)
  return isOnlyMounted ? originalUrl : `${originalUrl} ${baseUrl}${url}`
}

const MOST_KEYS = 4096
const LONGEST_TEXT = 512
/** The keys that were asked for lately: a hash costs as much as all else that is done for a hit. */
const keys = new Map<string, string>()

/** The key under which the responses to a target are stored. Hashed: a query may hold what must not be in a key. */
export function requestKey(target: Target, parts: KeyParts = {}): string {
  const text = textOf(target, parts)
  const known = keys.get(text)
  if (known !== undefined) return known
  const made = newKey(text)
  if (keys.size >= MOST_KEYS) keys.clear()
  if (text.length <= LONGEST_TEXT) keys.set(text, made)
  return made
}

/** Different for whatever is different: an origin ends where its brackets do. */
function textOf({ origin, url }: Target, { scope, key, within }: KeyParts = {}): string {
  if (scope === undefined && key === undefined && within === undefined) return `url${origin.text}${url}`
  return `parts${origin.text}${JSON.stringify([key ?? url, typeof key, typeof scope, scope, within])}`
}

/** Whether a text is a key that was made here. */
export function isRequestKey(text: string): boolean {
  return /^response:[\w-]{43}$/.test(text)
}

function newKey(text: string): string {
  return `response:${hash('sha256', text, 'base64url')}`
}

/** A target with its ordinary key, and all that both were made from. */
interface KeyedTarget {
  readonly baseUrl: string | undefined
  readonly url: string
  readonly target: Target
  readonly key: string
  /** That of the URL as it was sent: the same, where nobody has rewritten it. */
  readonly sentKey: string
}

/** What was asked for lately, by its URL. */
const targets = new Map<string, KeyedTarget>()

/** The target of a request, and the key of what is stored for it where that says nothing else. */
export function keyedTargetOf(
  req: IncomingMessage,
  headers: IncomingHttpHeaders,
): Pick<KeyedTarget, 'target' | 'key' | 'sentKey'> {
  const { originalUrl, baseUrl, url = '' } = req as ExpressRequest
  const origin = originOf(req, headers)
  const asked = originalUrl ?? url
  const known = targets.get(asked)
  if (known?.url === url && known.baseUrl === baseUrl && known.target.origin.text === origin.text)
    return known
  const target = { origin, url: urlOf(req) }
  const key = newKey(textOf(target))
  const sentKey = target.url === asked ? key : newKey(textOf({ origin, url: asked }))
  const made = { baseUrl, url, target, key, sentKey }
  if (targets.size >= MOST_KEYS) targets.clear()
  if (asked.length + url.length + origin.text.length <= LONGEST_TEXT) targets.set(asked, made)
  return made
}

/** A URL with that part of its query which belongs to the key; of one that was rewritten, both with that part. */
export function withQuery(url: string, query: QueryOption): string {
  return url
    .split(' ')
    .map((one) => withPartOfQuery(one, query))
    .join(' ')
}

function withPartOfQuery(url: string, query: QueryOption): string {
  const start = url.indexOf('?')
  if (query === 'as-sent' || start === -1) return url
  const pairs = url.slice(start + 1).split('&')
  const chosen = query === 'sorted' ? pairs : pairs.filter((pair) => query.includes(parameterOf(pair)))
  // Those of one name stay in their order, which may matter.
  const named = chosen.map((pair) => [parameterOf(pair), pair] as const)
  named.sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0))
  return named.length === 0
    ? url.slice(0, start)
    : `${url.slice(0, start)}?${named.map(([, pair]) => pair).join('&')}`
}

/** The parameter that a pair sets, however it is spelt: `a`, `%61`, `a[x]` and `[a]` are one to those who parse queries. */
function parameterOf(pair: string): string {
  const [name = ''] = pair.split('=', 1)
  const [parameter = ''] = decoded(name).replace(/^\[+/, '').split(/[[\]]/, 1)
  return parameter
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}
