import type { IncomingMessage } from 'node:http'
import type { Cache } from '../cache/cache'
import type { Duration } from '../duration'
import type { QueryOption } from './query-part'
import type { CredentialHeader } from './who-asks'

// What the application puts on a request is its own to type.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Anything = any

/**
 * A request as Express hands it on, with whatever earlier middleware put on it. What that is, is the
 * application's to type: annotate the parameter where you want it checked.
 */
export type CacheableRequest = IncomingMessage & {
  readonly auth?: Anything
  readonly user?: Anything
  readonly session?: Anything
  readonly params?: Anything
  readonly query?: Anything
  readonly cookies?: Anything
} & Record<string, Anything>

/** How a route's responses are cached. */
export interface ResponseOptions<Req extends IncomingMessage = CacheableRequest> {
  /**
   * What the response is made from, for `invalidateTags`: fixed, or by the request. A route can name more in
   * `res.locals.cacheTags` or a `Cache-Tag` field.
   *
   * @default none
   */
  readonly tags?: readonly string[] | ((req: Req) => readonly string[])
  /** Whether all tags are sent to the client as `Cache-Tag`, for a CDN in front. @default false */
  readonly cacheTagHeader?: boolean
  /**
   * Whose copy this is: an identity from the verified request, which becomes part of the key. Without it a
   * response to somebody who is known is shared only where the route says `public` or `s-maxage`. Where it
   * answers `undefined` or `''` the response is not cached.
   */
  readonly scope?: (req: Req) => string | number | undefined
  /**
   * What stands for the URL in the key, its path too: say what it is a key of, as `user:7` does. Scheme, host and scope are
   * part of the key all the same.
   *
   * @default the URL with its query as it was sent
   */
  readonly key?: (req: Req) => string
  /**
   * Which part of the query belongs to the key: all of it `'as-sent'`, all of it `'sorted'` by name, or only the
   * parameters of a list (`filter` for `filter[name]` too). Name every one that the route reads: what isn't in the key must
   * not be in the response.
   *
   * @default 'as-sent'
   */
  readonly query?: QueryOption
  /** Request fields that the route depends on without saying so in `Vary`; they are added to it. @default none */
  readonly vary?: readonly string[]
  /**
   * Credentials that the route is known not to depend on: requests that carry them share its responses.
   * `'authorization'` includes `req.auth` and `req.user`, `'cookie'` what is made from it (`req.session`).
   *
   * @default none
   */
  readonly ignore?: readonly CredentialHeader[]
  /** Whether the ttl comes before what the route declares itself; not before its `private` and `no-store`. @default false */
  readonly overrideCacheControl?: boolean
  /**
   * The only statuses that are stored, and those that the ttl is for.
   *
   * @default all that the route declares fresh; 200, 203, 204, 300, 301 and 308 for the ttl
   */
  readonly statuses?: readonly number[]
  /**
   * Response fields that are read before `Cache-Control` and `Expires`, in this order (RFC 9213):
   * `['CDN-Cache-Control']` where this is the cache they are meant for.
   *
   * @default none
   */
  readonly targetedFields?: readonly string[]
  /**
   * How long a response that is over may stand in while the route runs again behind it, where the route doesn't say
   * (RFC 5861 §3): milliseconds, or a string like `'1m'`.
   *
   * @default not at all
   */
  readonly staleWhileRevalidate?: Duration
  /**
   * How long a response that is over may stand in where the route answers 500, 502, 503 or 504, where the route doesn't
   * say (RFC 5861 §4): milliseconds, or a string like `'1h'`.
   *
   * @default not at all
   */
  readonly staleIfError?: Duration
  /**
   * After what time without an answer the route has failed, where a response that is over may stand in for errors:
   * milliseconds, or a string like `'10s'`. Ends nothing where there is none.
   *
   * @default '10s'
   */
  readonly routeTimeout?: Duration
  /**
   * How long a request waits for another's run of the same route, to share its response: milliseconds, or a string
   * like `'5s'`. Then it runs the route itself. `false`: it doesn't wait.
   *
   * @default '5s'
   */
  readonly collapse?: Duration | false
  /**
   * Whether what clients say of caching counts (`no-cache`, `max-age`, `max-stale`, `min-fresh`, `only-if-cached`;
   * RFC 9111 §5.2.1). Then any client can make the route run.
   *
   * @default 'ignore'
   */
  readonly requestDirectives?: 'ignore' | 'honour'
  /**
   * Which ETag a 200 gets that has none: of its bytes, `'strong'` or `'weak'`; `false` for none.
   *
   * @default false
   */
  readonly etag?: 'strong' | 'weak' | false
  /**
   * What becomes of a response with `Set-Cookie`: `'refuse'` doesn't store it, `'strip'` stores it without the cookie.
   *
   * @default 'refuse'
   */
  readonly setCookie?: 'refuse' | 'strip'
  /** Whether `Cache-Status` is sent, and whether it names the key. @default 'on' */
  readonly cacheStatus?: 'on' | 'off' | 'with-key'
  /** The largest body that is stored, in bytes; a larger one is sent and not stored. 0 up. @default 1048576 (1 MiB) */
  readonly maxBodyBytes?: number
  /** Which cache. @default the default cache, looked up at each request */
  readonly cache?: Cache
}
