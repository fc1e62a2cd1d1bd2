import type { StoredResponse } from '../../lib/http/stored-response'

/** A stored response: a 200 of a moment ago, with what a test has to say about it. */
export function stored(particulars: Partial<StoredResponse> = {}): StoredResponse {
  return {
    status: 200,
    statusMessage: '',
    fields: [],
    removed: [],
    recordedAt: Date.UTC(2026, 4, 4, 12),
    freshForMs: 60_000,
    initialAge: 0,
    staleWhileRevalidateMs: 0,
    staleIfErrorMs: 0,
    mayBeStale: true,
    sharing: 'ttl',
    vary: [],
    variant: '',
    body: Buffer.from('stored'),
    ...particulars,
  }
}
