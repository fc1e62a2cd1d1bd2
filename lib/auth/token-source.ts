import type { IncomingMessage } from 'node:http'
import { describeValue } from '../check-options'
import { AmbiguousTokenError, InvalidOptionError } from '../errors'

// What the application puts on a request is its own to type.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Anything = any

/** A request as an application has it, whatever its parsers have added. */
export type AnyRequest = IncomingMessage & {
  readonly cookies?: Anything
  readonly query?: Anything
} & Record<string, Anything>

/**
 * Where a token is: `'bearer'`, in the `Authorization` header (RFC 6750 §2.1); in a cookie of this name; or where a
 * function of the request finds it, which returns `undefined` where there is none.
 */
export type TokenSource = 'bearer' | { readonly cookie: string } | ((req: AnyRequest) => string | undefined)

/** Finds the token in a request; `undefined` where the request has none. */
export type ReadToken = (req: IncomingMessage) => string | undefined

/**
 * What reads a token from where it is.
 *
 * @throws {InvalidOptionError} for what is no source.
 */
export function tokenReader(option: string, source: unknown): ReadToken {
  if (source === 'bearer') return soleBearerToken
  if (typeof source === 'function') return functionReader(option, source as (req: IncomingMessage) => unknown)
  if (typeof source === 'object' && source !== null && 'cookie' in source) {
    const { cookie } = source
    // RFC 6265 §4.1.1: a name is a token of RFC 9110 §5.6.2.
    if (typeof cookie === 'string' && /^[!#$%&'*+\-.^_`|~\w]+$/.test(cookie))
      return (req) => cookieToken(req, cookie)
  }
  throw new InvalidOptionError(
    option,
    `expected 'bearer', { cookie: 'name' } or a function of the request, got ${describeValue(source)}`,
  )
}

const SCHEME = 'bearer'

/**
 * The token of the Authorization header (RFC 6750 §2.1); the scheme's case doesn't matter (RFC 9110 §11.1). Each request
 * pays for this: a regular expression takes four times as long.
 *
 * @throws {AmbiguousTokenError} for credentials of this scheme that are no token: some verifiers take the first word of
 *   several, or a tab for a blank.
 */
export function bearerToken({ headers }: IncomingMessage): string | undefined {
  const credentials = headers.authorization?.trim() ?? ''
  if (credentials.slice(0, SCHEME.length).toLowerCase() !== SCHEME) return undefined
  const last = credentials.lastIndexOf(' ')
  // Several blanks are one.
  if (last >= SCHEME.length && credentials.slice(SCHEME.length, last).trim() === '') {
    const token = credentials.slice(last + 1)
    // What else is white in a field, some take for the end of it.
    if (!token.includes('\t') && !token.includes('\u00a0')) return token
  }
  if (credentials.length === SCHEME.length || /^\S/.test(credentials.slice(SCHEME.length))) return undefined
  throw new AmbiguousTokenError()
}

/** The same, and an error where there is a second one: a request uses one way of sending it (RFC 6750 §2). */
function soleBearerToken(req: IncomingMessage): string | undefined {
  const token = bearerToken(req)
  if (token === undefined) return undefined
  if (hasQueryToken(req) || hasSecondHeader(req, 'authorization')) throw new AmbiguousTokenError()
  return token
}

/** RFC 6750 §2.3, however the name is escaped. */
function hasQueryToken({ url = '' }: IncomingMessage): boolean {
  const begin = url.indexOf('?')
  return begin !== -1 && new URLSearchParams(url.slice(begin)).has('access_token')
}

function cookieToken({ headers }: IncomingMessage, name: string): string | undefined {
  const values = (headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.split(/=(.*)/s, 2))
    // Parsers drop blanks on both sides of the name.
    .filter(([found, value]) => value !== undefined && found?.trim() === name)
    .map(([, value = '']) => value.trim())
  // Which of two a verifier takes, nobody knows.
  if (values.length > 1) throw new AmbiguousTokenError()
  return decoded(values[0]?.replace(/^"(.*)"$/, '$1')) || undefined
}

function decoded(value: string | undefined): string | undefined {
  try {
    return value === undefined ? undefined : decodeURIComponent(value)
  } catch {
    return value
  }
}

function functionReader(option: string, read: (req: IncomingMessage) => unknown): ReadToken {
  return (req) => {
    const token = read(req) ?? undefined
    if (token === undefined || typeof token === 'string') return token || undefined
    // Not shown: it may be one after all.
    throw new InvalidOptionError(
      option,
      `expected the function to return a string or undefined, got a ${typeof token}`,
    )
  }
}

function hasSecondHeader({ rawHeaders }: IncomingMessage, name: string): boolean {
  let count = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const header = rawHeaders[at] as string
    if (header.length === name.length && header.toLowerCase() === name) count += 1
  }
  return count > 1
}
