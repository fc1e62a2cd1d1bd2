import type { IncomingHttpHeaders } from 'node:http'
import type { Detail } from './cache-status'
import type { Reads } from './reader-check'
import type { CredentialHeader } from './who-asks'
import { saysWhoAsks } from './who-asks'

/** Fields by which a client can make a route answer as if it had been asked for something else. */
const MISLEADING =
  /^(forwarded|x-(forwarded-(?!for$).+|host|(envoy-|ms-)?original-.+|rewrite-.+|override-.+|http-(method|host).*|method-override|forward-host|script-name))$/
/** Those of them that middleware in front builds URLs from, where they say something else than `Host`. */
const OF_URLS = /^x-(forwarded-(host|prefix)|forward-host|host|original-(host|url)|rewrite-url|script-name)$/
const OF_A_PROXY = /^x-forwarded-(host|proto)$/

/** Fields that are part of the key, that the cache answers for, or that say nothing of what is wanted. */
const OF_NO_CONCERN =
  /^(host|connection|keep-alive|if-.*|range|cache-control|pragma|content-.*|transfer-encoding|te|upgrade|expect|x-forwarded-(for|host|proto)|x-real-ip|x-request-id|x-correlation-id|traceparent|tracestate|via)$/

/** What a route has read is held against what its key covers. */
export interface Coverage {
  readonly isScoped: boolean
  /** Whether the key says what the one in front says of host and scheme. */
  readonly isProxyTrusted: boolean
  /** Those of the request, as they were before the route had them. */
  readonly headers: IncomingHttpHeaders
  /** Those by which earlier middleware may have found out what it put there, in lower case. */
  readonly telling: readonly string[]
  /** The request fields that the response varies by, in lower case. */
  readonly vary: readonly string[]
  readonly ignore: readonly CredentialHeader[]
}

/** What the route has read, if it must not be shared for that: an identity, or a field that misleads. */
export function whyUnkeyed(reads: Reads, coverage: Coverage): Detail | undefined {
  const { isScoped, isProxyTrusted, headers, vary } = coverage
  if (!isScoped) {
    for (const name of reads.identities) if (!isCovered(name, coverage)) return `read-${name}`
  }
  for (const name of reads.fields) {
    const isOfProxy = isProxyTrusted && OF_A_PROXY.test(name)
    const isMisled = MISLEADING.test(name) && !isOfProxy && headers[name] !== undefined
    if (isMisled && !vary.includes(name)) return `read-${name}`
  }
  return undefined
}

/** The first field that the route has read and that its key doesn't cover: worth a word, while it is being written. */
export function unkeyedField(reads: Reads, vary: readonly string[]): string | undefined {
  for (const name of reads.fields) if (!OF_NO_CONCERN.test(name) && !vary.includes(name)) return name
  return undefined
}

/** The fields of a request by which earlier middleware may find out who asks, or be misled, in lower case. */
export function tellingFields(headers: IncomingHttpHeaders, isProxyTrusted: boolean): readonly string[] {
  return Object.keys(headers).filter((name) => {
    if (saysWhoAsks(name)) return true
    if (!OF_URLS.test(name) || headers[name] === headers.host) return false
    return !(isProxyTrusted && OF_A_PROXY.test(name))
  })
}

/** Whether a request carries what others don't: what its response is refused for may be that. */
export function isSpecial(headers: IncomingHttpHeaders): boolean {
  return Object.keys(headers).some((name) => saysWhoAsks(name) || MISLEADING.test(name))
}

/** What is made of a session cookie. */
const OF_A_COOKIE = new Set(['req.session', 'req.sessionID', 'req.cookies', 'req.signedCookies'])

/** An identity is covered by the fields that it may have been made from. */
function isCovered(name: string, { telling, vary, ignore }: Coverage): boolean {
  const covered: readonly string[] = [...vary, ...ignore]
  if (saysWhoAsks(name)) return covered.includes(name)
  if (name === 'req.auth' || name === 'req.user')
    return covered.includes('authorization') && covered.includes('cookie')
  if (OF_A_COOKIE.has(name) && !covered.includes('cookie')) return false
  const isOne = covered.includes('cookie') || telling.length > 0
  return isOne && telling.every((field) => covered.includes(field))
}
