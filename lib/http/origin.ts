import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

/** What Express adds to a request, as far as its origin depends on it. */
interface ExpressRequest extends IncomingMessage {
  readonly protocol?: string
  readonly hostname?: string
  readonly app?: { get(setting: string): unknown }
}

/** Where a request goes beside its URL: scheme and host, as Express sees them and as the client has said them. */
export interface Origin {
  /** All of that as it was said, for a key: a route may repeat it. */
  readonly text: string
  /** The same for all spellings. */
  readonly plainText: string
  /** What a URL begins with there. */
  readonly base: string
}

/** What an origin is made from. */
interface Whereabouts {
  readonly protocol: string | undefined
  readonly hostname: string | undefined
  readonly host: string | undefined
  readonly forwarded: string | string[] | undefined
}

/** That of the request before: most are for the same. */
let last: (Whereabouts & { readonly origin: Origin }) | undefined

/** The origin of a request, with these headers. */
export function originOf(req: IncomingMessage, headers: IncomingHttpHeaders = req.headers): Origin {
  const { protocol, hostname } = req as ExpressRequest
  const { host } = headers
  const forwarded = forwardedHost(req, headers)
  if (
    last !== undefined &&
    last.host === host &&
    last.protocol === protocol &&
    last.hostname === hostname &&
    last.forwarded === forwarded
  )
    return last.origin
  const origin = newOrigin({ protocol, hostname, host, forwarded })
  last = { protocol, hostname, host, forwarded, origin }
  return origin
}

function newOrigin({ protocol, hostname, host, forwarded }: Whereabouts): Origin {
  const hosts = [hostname, host, String(forwarded ?? '')]
  const plain = hosts.map((one) => sameHost(one, protocol))
  const [, said, saidInFront] = plain
  return {
    text: JSON.stringify([protocol, ...hosts]),
    plainText: JSON.stringify([protocol, ...plain]),
    base: `${protocol ?? 'http'}://${saidInFront || (said ?? 'localhost')}`,
  }
}

/** The host that the one in front says it was asked for, where Express goes by that. */
function forwardedHost(req: IncomingMessage, headers: IncomingHttpHeaders): string | string[] | undefined {
  const said = headers['x-forwarded-host']
  return said !== undefined && isProxyTrusted(req) ? said : undefined
}

/** A host as all its spellings are: its case and the port that goes without saying do not matter (RFC 9110 §4.2.3). */
function sameHost(host: string | undefined, protocol: string | undefined): string | undefined {
  return host?.toLowerCase().replace(protocol === 'https' ? /:443$/ : /:80$/, '')
}

/** Whether Express goes by what the one in front says of host and scheme: then the key does too. */
export function isProxyTrusted(req: IncomingMessage): boolean {
  const isTrusted = (req as ExpressRequest).app?.get('trust proxy fn') as
    ((address: string | undefined, hop: number) => boolean) | undefined
  return isTrusted?.(req.socket.remoteAddress, 0) === true
}
