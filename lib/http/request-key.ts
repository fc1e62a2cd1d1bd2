import { hash } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Origin } from './origin'
import { originOf, withoutOrigin } from './origin'

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

/** The target of a request by which what is stored for it is found again: its URL as it was sent. */
export function sentTargetOf(req: IncomingMessage): Target {
  const { originalUrl, url = '' } = req as ExpressRequest
  const origin = originOf(req)
  return { origin, url: withoutOrigin(originalUrl ?? url, origin) }
}

/** By which a stored response is found whose key says something else of this target: how its host was spelt, or more. */
export function targetTag({ origin, url }: Target): string {
  return requestKey({ origin: { ...origin, text: origin.plainText }, url })
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
  /** The target by which it is found again, with its tag: the same as the key, where nobody has rewritten it. */
  readonly sent: Target
  readonly sentTag: string
}

/** What was asked for lately, by its URL. */
const targets = new Map<string, KeyedTarget>()

/** The target of a request, and the key of what is stored for it where that says nothing else. */
export function keyedTargetOf(
  req: IncomingMessage,
  headers: IncomingHttpHeaders,
): Pick<KeyedTarget, 'target' | 'key' | 'sent' | 'sentTag'> {
  const { originalUrl, baseUrl, url = '' } = req as ExpressRequest
  const origin = originOf(req, headers)
  const asked = originalUrl ?? url
  const known = targets.get(asked)
  if (known?.url === url && known.baseUrl === baseUrl && known.target.origin.text === origin.text)
    return known
  const sent = { origin, url: withoutOrigin(asked, origin) }
  const routed = urlOf(req)
  const target = routed === sent.url ? sent : { origin, url: routed }
  const key = newKey(textOf(target))
  const isPlain = target === sent && origin.text === origin.plainText
  const made = { baseUrl, url, target, key, sent, sentTag: isPlain ? key : targetTag(sent) }
  if (targets.size >= MOST_KEYS) targets.clear()
  if (asked.length + url.length + origin.text.length <= LONGEST_TEXT) targets.set(asked, made)
  return made
}
