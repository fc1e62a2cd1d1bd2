import type { ServerResponse } from 'node:http'
import type { RefusalReason } from './storability'

/** How the cache handled a request (RFC 9211 §2). */
export type Handling =
  | { readonly hit: true; readonly ttl: number }
  | {
      readonly fwd: ForwardReason
      readonly stored?: boolean
      readonly detail?: RefusalReason | 'range' | 'no-scope'
    }

/** Why a request went to the route (RFC 9211 §2.2). */
export type ForwardReason = 'uri-miss' | 'vary-miss' | 'method' | 'bypass'

/** What we said before, of the same response: there is no comma in it. */
const OURS = /(^|,\s*)holdfast;[^,]*/g

/** Says on the response how the cache handled the request, behind what caches further in have said. */
export function setCacheStatus(res: ServerResponse, handling: Handling): void {
  if (res.headersSent) return
  const others = [res.getHeader('cache-status') ?? []].flat().join(', ').replace(OURS, '')
  res.setHeader('Cache-Status', `${others === '' ? '' : `${others}, `}holdfast; ${describe(handling)}`)
}

function describe(handling: Handling): string {
  if ('hit' in handling) return `hit; ttl=${String(handling.ttl)}`
  const { fwd, stored = false, detail } = handling
  return `fwd=${fwd}${stored ? '; stored' : ''}${detail === undefined ? '' : `; detail=${detail}`}`
}
