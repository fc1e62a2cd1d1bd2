import type { ClientState } from '../client/client-state'
import type { ResilientClient } from '../client/resilient-client'

/** How the cache is. */
export interface Health {
  /**
   * `ok`: whatever is configured serves; `degraded`: Redis is configured and memory stands in for it;
   * `closed`: nothing is cached any more. The application works in each of them.
   */
  readonly status: 'ok' | 'degraded' | 'closed'
  /** Which store serves, and why. */
  readonly state: ClientState
  /** The store that serves. */
  readonly type: 'redis' | 'memory'
  /** Whether Redis is in use. */
  readonly connected: boolean
  /** How long Redis took to answer just now, in milliseconds. Only while it is in use. */
  readonly latencyMs?: number
  /** Why Redis is not in use. Only while it should be. */
  readonly cause?: string
}

/** Asks Redis, if it is in use, and says how things are. */
export async function readHealth(client: ResilientClient): Promise<Health> {
  const start = performance.now()
  const answered = await client.ask(async (primary) => {
    await primary.ping()
    return true
  })
  const { state, lastCause } = client
  if (answered === true) {
    const latencyMs = Math.round((performance.now() - start) * 100) / 100
    return { status: 'ok', state, type: 'redis', connected: true, latencyMs }
  }
  const status = state === 'memory' ? 'ok' : state === 'closed' ? 'closed' : 'degraded'
  return {
    status,
    state,
    type: 'memory',
    connected: false,
    ...(status === 'degraded' && lastCause !== undefined && { cause: lastCause }),
  }
}
