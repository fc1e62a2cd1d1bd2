import type { IncomingMessage } from 'node:http'

/** The token of the Authorization header (RFC 6750 §2.1); the scheme's case doesn't matter (RFC 9110 §11.1). */
export function bearerToken({ headers }: IncomingMessage): string | undefined {
  return /^bearer +(\S+)$/i.exec(headers.authorization?.trim() ?? '')?.[1]
}
