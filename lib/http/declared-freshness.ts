import type { IncomingMessage, ServerResponse } from 'node:http'

/** One of the handlers of a route, as Express keeps it. */
interface Layer {
  readonly handle: object
  /** `undefined` where it is for every method. */
  readonly method: string | undefined
}

/** What Express puts on a request for each layer that it enters: by these, two layers are told apart. */
type Routed = IncomingMessage & {
  readonly params?: object
  readonly route?: { readonly stack?: readonly Layer[] }
}

/** The middleware behind which routes declare freshness. */
const caching = new WeakSet()

/** Takes down that a middleware is one of those behind which routes declare freshness. */
export function markCaching<Handler extends object>(middleware: Handler): Handler {
  caching.add(middleware)
  return middleware
}

/** What a route has declared of freshness, field by field: the last word on each. */
export class DeclaredFreshness {
  readonly #targetedFields: readonly string[]
  #declarations: Map<string, Declaration> | undefined

  /** Takes the fields that are read before `Cache-Control` and `Expires`, in lower case. */
  constructor(targetedFields: readonly string[]) {
    this.#targetedFields = targetedFields
  }

  /** Takes down the circumstances in which a field is set, if it is one of these. */
  note(name: string, res: ServerResponse): void {
    // Most are told by their length.
    const mayBeOne = name.length === 13 || name.length === 7 || this.#targetedFields.length > 0
    const field = mayBeOne ? name.toLowerCase() : ''
    if (field !== 'cache-control' && field !== 'expires' && !this.#targetedFields.includes(field)) return
    this.#declarations ??= new Map()
    this.#declarations.set(field, new Declaration(res))
  }

  /** Whether what a field says was meant for the failure that is about to be sent. */
  isForFailure(field: string, res: ServerResponse): boolean {
    return this.#declarations?.get(field)?.isForFailure(res) === true
  }
}

/**
 * That a route has declared freshness, under the status that was set by then. Many a route, and sendFile, declares it
 * and fails then: that was not meant for the failure. It was where the status is set in the same breath, by the same
 * layer of Express, and does not say of itself that something unexpected has happened.
 */
class Declaration {
  readonly #status: number
  readonly #params: object | undefined
  readonly #route: object | undefined
  #isJustNow = true

  constructor({ statusCode, req }: ServerResponse) {
    this.#status = statusCode
    this.#params = (req as Routed).params
    this.#route = (req as Routed).route
    const end = (): void => {
      this.#isJustNow = false
    }
    // Which of them comes first depends on what has called the route.
    process.nextTick(end)
    queueMicrotask(end)
  }

  isForFailure({ statusCode, req }: ServerResponse): boolean {
    if (this.#status === statusCode) return true
    const isSameLayer = (req as Routed).params === this.#params && (req as Routed).route === this.#route
    return statusCode !== 500 && this.#isJustNow && isSameLayer && isOnlyHandler(req)
  }
}

/** Whether a route has one handler behind the cache: of several, Express says nothing by which they are told apart. */
function isOnlyHandler(req: Routed): boolean {
  const layers = req.route?.stack?.filter(({ method }) => method === undefined || method === 'get') ?? []
  const last = layers.findLastIndex(({ handle }) => caching.has(handle))
  return layers.length - 1 - last <= 1
}
