import type { ServerResponse } from 'node:http'
import type { DeclaredFreshness } from './declared-freshness'
import type { Fields, ResponseHead } from './recording'
import { fieldsOf } from './recording'

/** A head as it is about to be sent. */
export class SentHead implements ResponseHead {
  readonly status: number
  readonly statusMessage: string
  readonly fields: Fields
  readonly #res: ServerResponse
  readonly #declared: DeclaredFreshness

  constructor(res: ServerResponse, declared: DeclaredFreshness) {
    this.#res = res
    this.#declared = declared
    // As Node reads both: a route may have set text, or a number.
    this.status = res.statusCode | 0
    this.statusMessage = String((res.statusMessage as string | number | undefined) || '')
    this.fields = fieldsOf(res)
  }

  /** Whether what a field, in lower case, says of freshness was said for what is sent, should that be a failure. */
  isFailureMeant(field: string): boolean {
    return this.#declared.isForFailure(field, this.#res)
  }
}
