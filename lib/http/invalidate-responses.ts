import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Cache } from '../cache/cache'
import { checkOptions, describeValue } from '../check-options'
import { InvalidOptionError } from '../errors'
import type { Middleware } from './cache-response'
import { dropTargets, isSuccess, sameOriginTarget } from './invalidation'
import type { CacheableRequest } from './options'
import { record } from './recorder'
import type { Target } from './request-key'
import { sentTargetOf } from './request-key'
import { resolveCache, resolveTags } from './response-configuration'
import { quietly } from './watched-requests'

/** What a route's success makes void. */
export interface InvalidateResponsesOptions<Req extends IncomingMessage = CacheableRequest> {
  /**
   * Whatever depends on one of these tags, responses and values alike: fixed, or by the request as it is when the
   * route answers.
   *
   * @default none
   */
  readonly tags?: readonly string[] | ((req: Req) => readonly string[])
  /**
   * The responses of these URLs of the same host, every variant and every scope: with their query, as clients ask for
   * them. Fixed, or by the request as it is when the route answers.
   *
   * @default none
   */
  readonly urls?: readonly string[] | ((req: Req) => readonly string[])
  /** Which cache. @default the default cache, looked up at each request */
  readonly cache?: Cache
}

const OWNER = 'invalidateResponses'

/**
 * Drops stored responses when the route behind it has succeeded (2xx or 3xx), before its client has the answer.
 *
 * @example
 * app.post('/classes/:id', invalidateResponses({ tags: (req) => [`class:${req.params.id}`] }), timetable)
 *
 * @throws {InvalidOptionError} naming the option; {@link InvalidEnvironmentError} where the default cache
 *   could not be made.
 */
export function invalidateResponses<Req extends IncomingMessage = CacheableRequest>(
  options: InvalidateResponsesOptions<Req>,
): Middleware {
  checkOptions(OWNER, options, ['tags', 'urls', 'cache'])
  const { tags, urls, cache } = (options as InvalidateResponsesOptions<Req> | undefined) ?? {}
  if (tags === undefined && urls === undefined)
    throw new InvalidOptionError(OWNER, `expected tags or urls, got ${describeValue(options)}`)
  const tagsOf = resolveTags(OWNER, tags)
  const urlsOf = resolveUrls(urls)
  const cacheOf = resolveCache(OWNER, cache)
  return function invalidateResponses(req, res, next) {
    // Before an application further in takes its host for another.
    const asked = quietly(req, () => sentTargetOf(req))
    invalidateAfter(res, () => invalidate(cacheOf(), asked, { tags: tagsOf(req), urls: urlsOf(req) }))
    next()
  }
}

async function invalidate(
  cache: Cache,
  asked: Target,
  { tags, urls }: { tags: readonly string[]; urls: readonly string[] },
): Promise<void> {
  const targets = urls.map((url) => sameOriginTarget(asked, url)).filter((target) => target !== undefined)
  await Promise.all([
    ...(tags.length > 0 ? [cache.invalidateTags(...tags)] : []),
    dropTargets(cache, targets),
  ])
}

function invalidateAfter(res: ServerResponse, work: () => Promise<void>): void {
  let done: Promise<void> | undefined
  record(res, {
    onHead(head) {
      if (isSuccess(head.status)) done = work()
      return {}
    },
    onDone: () => undefined,
    beforeEnd: () => done,
  })
}

function resolveUrls(urls: unknown = []): (req: IncomingMessage) => readonly string[] {
  if (typeof urls === 'function') return (req) => checkUrls((urls as (req: IncomingMessage) => unknown)(req))
  const fixed = checkUrls(urls)
  return () => fixed
}

function checkUrls(urls: unknown): readonly string[] {
  if (Array.isArray(urls) && urls.every((url) => typeof url === 'string' && url !== ''))
    return urls as string[]
  throw new InvalidOptionError(
    `${OWNER}: urls`,
    `expected an array of URLs, or a function that gives one, got ${describeValue(urls)}`,
  )
}
