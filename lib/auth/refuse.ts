import type { ServerResponse } from 'node:http'
import {
  AmbiguousTokenError,
  HoldfastError,
  RevocationsUnavailableError,
  TokenMissingError,
  TokenRejectedError,
  TokenRevokedError,
} from '../errors'

/** How a refusal reaches the client: through the application's error handler, or as JSON at once. */
export type Respond = 'next' | 'json'

/** Copies are proven once a second. */
const RETRY_AFTER_SECONDS = 1

/**
 * What the client is told is the same for a token that was revoked and one that is no good for another reason, as it
 * is to RFC 6750 §3.1.
 */
const INVALID = { error: 'invalid_token', error_description: 'The token is expired, revoked or invalid' }
const AMBIGUOUS = { error: 'invalid_request', error_description: 'Exactly one token was expected' }
const UNAVAILABLE = { error: 'temporarily_unavailable' }

/** Refuses a request. What is no refusal, a fault of the set-up, goes to `next` as it is. */
export function refuse(
  res: ServerResponse,
  error: unknown,
  { respond, next }: { readonly respond: Respond; readonly next: (error: unknown) => void },
): void {
  const body = bodyOf(error)
  if (body === undefined) {
    next(error)
    return
  }
  res.setHeader('Cache-Control', 'no-store')
  if (error instanceof RevocationsUnavailableError) res.setHeader('Retry-After', RETRY_AFTER_SECONDS)
  else res.setHeader('WWW-Authenticate', challenge(body))
  if (respond === 'next') {
    next(error)
    return
  }
  res.statusCode = (error as { readonly status: number }).status
  res.setHeader('Content-Type', 'application/json; charset=utf-8')
  res.end(JSON.stringify(body))
}

function bodyOf(error: unknown): Record<string, string> | undefined {
  if (!(error instanceof HoldfastError)) return undefined
  if (error instanceof TokenRevokedError || error instanceof TokenRejectedError) return INVALID
  // RFC 6750 §3.1: no error where the request has nothing to authenticate with.
  if (error instanceof TokenMissingError) return {}
  if (error instanceof AmbiguousTokenError) return AMBIGUOUS
  return error instanceof RevocationsUnavailableError ? UNAVAILABLE : undefined
}

function challenge(body: Record<string, string>): string {
  const parameters = Object.entries(body).map(([name, value]) => `${name}="${value}"`)
  return ['Bearer', parameters.join(', ')].join(' ').trim()
}
