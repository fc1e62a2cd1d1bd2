import { hash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** What Express adds to a request, as far as the key depends on it. */
interface ExpressRequest extends IncomingMessage {
  readonly originalUrl?: string
  readonly protocol?: string
  readonly hostname?: string
}

/**
 * The key under which the response to a request is stored: scheme and host as Express sees them, the URL with
 * its query as it was sent, and whose copy it is. Hashed: a query may hold what must not be in a key.
 */
export function requestKey(req: IncomingMessage, scope: string | number | undefined): string {
  const { protocol, hostname, originalUrl, url, headers } = req as ExpressRequest
  const parts = [protocol, hostname, headers.host, originalUrl ?? url, typeof scope, scope]
  return `response:${hash('sha256', JSON.stringify(parts), 'base64url')}`
}
