import type { ServerResponse } from 'node:http'
import type { Answer } from './answer'
import type { Fields } from './recording'
import { setHead } from './replay'

const HEADER_CHANGES = ['setHeader', 'appendHeader', 'setHeaders', 'removeHeader', 'flushHeaders'] as const

/** Puts another head in the place of the route's; what earlier middleware had set stays, and what the cache says. */
export function putInPlace(res: ServerResponse, before: Fields, answer: Answer): void {
  const status = res.getHeader('cache-status')
  for (const name of res.getHeaderNames()) res.removeHeader(name)
  for (const [name, value] of before) res.setHeader(name, value)
  res.statusMessage = ''
  setHead(res, answer)
  if (status !== undefined) res.setHeader('Cache-Status', status)
}

/** From here on the route sets fields of nothing: it must not fail for that. */
export function mute(res: ServerResponse): void {
  const nothing = function (this: unknown): unknown {
    return this
  }
  // Behind this turn, for wrappers further out that still have something to say.
  setImmediate(() => {
    for (const name of HEADER_CHANGES) Object.assign(res, { [name]: nothing })
  })
}
