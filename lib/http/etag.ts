import { hash } from 'node:crypto'

/** An ETag made of the bytes of a body (RFC 9110 §8.8.3). A weak one says no more than that it means the same. */
export function etagOf(body: Buffer, strength: 'strong' | 'weak'): string {
  const tag = `"${body.length.toString(16)}-${hash('sha256', body, 'base64url').slice(0, 27)}"`
  return strength === 'weak' ? `W/${tag}` : tag
}
