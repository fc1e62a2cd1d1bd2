import type { IncomingHttpHeaders } from 'node:http'
import type { StoredResponse, VariantIndex } from './stored-response'
import { variantOf } from './vary'

/** Where the response for one variant is stored: under the key itself, or found by its index. */
export interface Slot {
  readonly key: string
  readonly index: VariantIndex | undefined
}

/** Whether it is an index. */
export function isIndex(stored: StoredResponse | VariantIndex): stored is VariantIndex {
  return 'generation' in stored
}

/** Under which key a variant is. */
export function variantKey(key: string, { generation }: VariantIndex, variant: string): string {
  return `${key}:${generation}:${variant}`
}

/** Where the next response for a request belongs. */
export function slotOf(key: string, index: VariantIndex, headers: IncomingHttpHeaders): Slot {
  return { key: variantKey(key, index, variantOf(index.variesBy[0] ?? [], headers)), index }
}

/** Of several that fit, the latest (RFC 9111 §4.1). */
export function latest(responses: readonly StoredResponse[]): StoredResponse | undefined {
  return responses.reduce<StoredResponse | undefined>(
    (best, response) => (best === undefined || response.recordedAt > best.recordedAt ? response : best),
    undefined,
  )
}

/** Whether these are the same fields. */
export function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name, index) => name === other[index])
}
