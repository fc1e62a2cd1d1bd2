import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

/** What Express adds to a request, as far as its origin depends on it. */
interface ExpressRequest extends IncomingMessage {
  readonly protocol?: string
  readonly hostname?: string
  readonly app?: { get(setting: string): unknown }
}

/** Where a request goes beside its URL: scheme and host, as Express sees them and as the client has said them. */
export interface Origin {
  /** All of that, for a key: a route may repeat it as it was said. */
  readonly text: string
  /** What Express takes it for, the same for all spellings: by that a response is found again. */
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
  /** The scheme, as the one in front says it. */
  readonly scheme: string | string[] | undefined
}

/** That of the request before: most are for the same. */
let last: (Whereabouts & { readonly origin: Origin }) | undefined

/** The origin of a request, with these headers. */
export function originOf(req: IncomingMessage, headers: IncomingHttpHeaders = req.headers): Origin {
  const { protocol, hostname } = req as ExpressRequest
  const { host } = headers
  const isBehind = headers['x-forwarded-host'] !== undefined || headers['x-forwarded-proto'] !== undefined
  // What Express goes by, the key has to say: whole, for others may read more of it.
  const isSaid = isBehind && isProxyTrusted(req)
  const forwarded = isSaid ? headers['x-forwarded-host'] : undefined
  const scheme = isSaid ? headers['x-forwarded-proto'] : undefined
  if (
    last !== undefined &&
    last.host === host &&
    last.protocol === protocol &&
    last.hostname === hostname &&
    last.forwarded === forwarded &&
    last.scheme === scheme
  )
    return last.origin
  const whereabouts = { protocol, hostname, host, forwarded, scheme }
  const origin = newOrigin(whereabouts)
  last = { ...whereabouts, origin }
  return origin
}

function newOrigin({ protocol = 'http', hostname, host, forwarded, scheme }: Whereabouts): Origin {
  const [first = ''] = String(forwarded ?? '').split(',', 1)
  const authority = sameHost(first.trim() || (host ?? 'localhost'), protocol)
  const base = `${protocol}://${authority}`
  const plainText = JSON.stringify([base])
  const said = [forwarded ?? host, hostname === undefined ? host : `${hostname}${portOf(host)}`]
  // Most are: one host, said once or the same each time.
  const isPlain = host === authority && said.every((one) => one === host) && (scheme ?? protocol) === protocol
  return {
    text: isPlain
      ? plainText
      : JSON.stringify([protocol, hostname, host, String(forwarded ?? ''), String(scheme ?? '')]),
    plainText,
    base,
  }
}

function portOf(host: string | undefined): string {
  return /:\d+$/.exec(host ?? '')?.[0] ?? ''
}

/** A URL as others say it, where somebody has asked for all of it (RFC 9112 §3.2.2); one of another host as it is. */
export function withoutOrigin(url: string, { base }: Origin): string {
  const [start = ''] = /^https?:\/\/[^/?#]*/i.exec(url) ?? []
  if (start === '' || sameHost(start, start.split(':', 1)[0]?.toLowerCase() ?? '') !== base) return url
  const rest = url.slice(start.length)
  return rest.startsWith('/') ? rest : `/${rest}`
}

/** A host as all its spellings are: its case and the port that goes without saying do not matter (RFC 9110 §4.2.3). */
function sameHost(host: string, protocol: string): string {
  return host.toLowerCase().replace(protocol === 'https' ? /:443$/ : /:80$/, '')
}

/** Whether Express goes by what the one in front says of host and scheme: then the key does too. */
export function isProxyTrusted(req: IncomingMessage): boolean {
  const isTrusted = (req as ExpressRequest).app?.get('trust proxy fn') as
    ((address: string | undefined, hop: number) => boolean) | undefined
  return isTrusted?.(req.socket.remoteAddress, 0) === true
}
