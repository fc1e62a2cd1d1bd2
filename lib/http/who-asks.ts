import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

/** The request headers that say who asks, or may. */
export const CREDENTIAL_HEADERS = [
  'authorization',
  'cookie',
  'proxy-authorization',
  'x-api-key',
  'x-auth-token',
  'x-access-token',
] as const

/** One of them. */
export type CredentialHeader = (typeof CREDENTIAL_HEADERS)[number]

/** By which gateways tell the application behind them whom they have let in. */
const OF_A_GATEWAY =
  /^(remote-(user|name|email|groups)|x-remote-.+|x-forwarded-(user|email|groups|preferred-username|access-token|client-cert)|x-auth(enticated|entik|elia|-request)?-.+|cf-access-.+|x-amzn-(oidc|mtls)-.+|(x-)?ssl-client-.+|x-arr-clientcert|tailscale-user-.+|x-(webauth|vouch|pomerium|shib|hasura|rapidapi|replit-user)-.+|x-(apigateway|endpoint)-api-userinfo|oidc_claim_.+|eppn|dpop|x-telegram-init-data|(ocp-apim-)?subscription-key|x-(functions|access|app|subscription)-key|x-(key|sid|uid|login|tenant|account)|x-(org|school|person|employee)-id|x-goog-(iap-jwt-assertion|authenticated-user-.+)|x-ms-(client-principal.*|token-.+)|x-(session|csrf|xsrf|id|jwt|client|consumer|credential|account|customer|member|tenant)-(token|id|name|username|identifier|assertion|cert)|x-(user|userinfo|username|email)|x-user-(?!agent$).+)$/

/** What applications call the fields in which they take a credential. */
const NAMED_LIKE_A_CREDENTIAL =
  /token|jwt|api-?key|secret|credential|password|(^|-)(auth|authorization|session(-?id)?)(-|$)/

/** Whether a request header says who asks, or may: a credential, or what a gateway has found out. */
export function saysWhoAsks(name: string): boolean {
  const known = answers.get(name)
  if (known !== undefined) return known
  const answer =
    (CREDENTIAL_HEADERS as readonly string[]).includes(name) ||
    NAMED_LIKE_A_CREDENTIAL.test(name) ||
    OF_A_GATEWAY.test(name)
  if (answers.size >= MOST_ANSWERS) answers.clear()
  answers.set(name, answer)
  return answer
}

const MOST_ANSWERS = 1000
/** What was said of names that were asked for lately. */
const answers = new Map<string, boolean>()

/** Who may share a response: all, on the route's word; those who only carry a cookie; those who say nothing of themselves. */
export type Sharing = 'public' | 'declared' | 'ttl'

/** What an earlier middleware found out of who asks. */
const FOUND_OUT = ['auth', 'user'] as const

/**
 * How a request says who asks, in ways that are not to be ignored: credential headers by their names, and
 * `req.auth` and `req.user` where an earlier middleware has set them.
 */
export function credentialsOf(
  req: IncomingMessage,
  ignore: readonly CredentialHeader[],
  headers: IncomingHttpHeaders = req.headers,
): readonly string[] {
  const found: string[] = []
  for (const name of CREDENTIAL_HEADERS)
    if (headers[name] !== undefined && !ignore.includes(name)) found.push(name)
  if (ignore.length > 0 && ignore.includes('authorization')) return found
  for (const name of FOUND_OUT) {
    const value = (req as unknown as Record<string, unknown>)[name]
    if (value !== undefined && value !== null) found.push(`req.${name}`)
  }
  return found
}

/** Those credentials that a response does not vary by: the key says nothing of them. */
export function uncovered(credentials: readonly string[], vary: readonly string[]): readonly string[] {
  if (credentials.length === 0) return credentials
  const isByIdentity = vary.includes('authorization') || vary.includes('cookie')
  return credentials.filter((name) => !vary.includes(name) && !(isByIdentity && name.startsWith('req.')))
}

/**
 * Whether a response may be shared with a request that says who asks in these ways (RFC 9111 §3.5). A cookie alone
 * is no matter where the route declares how long the response is fresh; where only the ttl does, it is.
 */
export function mayShare(credentials: readonly string[], sharing: Sharing): boolean {
  if (sharing === 'public' || credentials.length === 0) return true
  return sharing === 'declared' && credentials.every((name) => name === 'cookie')
}
