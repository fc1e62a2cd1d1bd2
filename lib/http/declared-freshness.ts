import type { IncomingMessage, ServerResponse } from 'node:http'

/** What Express puts on a request for each layer that it enters: by these, two layers are told apart. */
type Routed = IncomingMessage & { readonly params?: object; readonly route?: object }

/**
 * That a route has declared freshness, under the status that was set by then. Many a route, and sendFile, declares it
 * and fails then: that was not meant for the failure. It was where the status is set in the same breath, by the same
 * layer of Express, and does not say of itself that something unexpected has happened.
 */
export class DeclaredFreshness {
  readonly #status: number
  readonly #params: object | undefined
  readonly #route: object | undefined
  #isJustNow = true

  /** Takes down the circumstances in which it is declared. */
  constructor({ statusCode, req }: ServerResponse) {
    this.#status = statusCode
    this.#params = (req as Routed).params
    this.#route = (req as Routed).route
    queueMicrotask(() => {
      this.#isJustNow = false
    })
  }

  /** Whether it was meant for the failure that is about to be sent. */
  isForFailure({ statusCode, req }: ServerResponse): boolean {
    if (this.#status >= 400) return true
    const isSameLayer = (req as Routed).params === this.#params && (req as Routed).route === this.#route
    return statusCode !== 500 && this.#isJustNow && isSameLayer
  }
}
