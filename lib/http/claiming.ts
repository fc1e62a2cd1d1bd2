import type { Opened } from '../cache/entry-reader'
import type { LeaseOptions } from '../cache/leases'
import type { StoredResponse, VariantIndex } from './stored-response'

/** What a right to store is asked for. */
export class Claiming {
  /** Those of what would be stored, as far as they are known. */
  readonly tags: readonly string[]
  /** How long whoever has it is waited for, by `performance.now()`. */
  readonly patientUntil: number
  /** Whether there is no need of it, with this response there. */
  readonly willDo: (response: StoredResponse) => boolean

  constructor(tags: readonly string[], patientUntil: number, willDo: (response: StoredResponse) => boolean) {
    this.tags = tags
    this.patientUntil = patientUntil
    this.willDo = willDo
  }
}

/** What is under the key of a URL. */
export type Top = StoredResponse | VariantIndex

/** How the lease of a key is asked for. */
export class LeaseClaim implements LeaseOptions<Top> {
  readonly tags: readonly string[]
  readonly patientUntil: number
  readonly read: (opened: Opened) => Top | undefined
  readonly isFresh = always
  readonly mayStandIn = always

  constructor(tags: readonly string[], patientUntil: number, read: (opened: Opened) => Top | undefined) {
    this.tags = tags
    this.patientUntil = patientUntil
    this.read = read
  }
}

/** For whom whatever is there is good enough. */
export function always(): true {
  return true
}
