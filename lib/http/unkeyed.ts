import type { IncomingHttpHeaders } from 'node:http'
import type { Detail } from './cache-status'
import type { Reads } from './reader-check'
import type { CredentialHeader } from './who-asks'
import { saysWhoAsks } from './who-asks'

/** Fields by which a client can make a route answer as if it had been asked for something else. */
const MISLEADING =
  /^(forwarded|x-(forwarded-(?!for$).+|host|(envoy-|ms-)?original-.+|rewrite-.+|override-.+|http-(method|host).*|method-override))$/
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

/** An identity is covered by the fields that it may have been made from. */
function isCovered(name: string, { vary, ignore }: Coverage): boolean {
  const covered: readonly string[] = [...vary, ...ignore]
  if (saysWhoAsks(name)) return covered.includes(name)
  if (name === 'req.auth' || name === 'req.user')
    return covered.includes('authorization') && covered.includes('cookie')
  return covered.includes('cookie')
}
