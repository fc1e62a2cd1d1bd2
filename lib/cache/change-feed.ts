import type { CacheClient } from '../client/cache-client'
import type { ResilientClient } from '../client/resilient-client'
import type { EntryStore } from './entry-store'
import type { Flights } from './flights'
import type { Leases } from './leases'
import type { NearTier } from './near-tier'

type Listener = (stored: string | undefined) => void

/** Adds one who is told the name under which the store has what has changed: `undefined` for anything. Returns what takes it away again. */
export type OnStoredChange = (listener: Listener) => () => void

interface Parts {
  readonly client: ResilientClient
  readonly primary: CacheClient | undefined
  readonly entries: EntryStore
  readonly near: NearTier
  readonly flights: Pick<Flights<unknown>, 'seal' | 'sealTagged'>
  readonly leases: Leases
}

/**
 * Hears of what changes elsewhere, and of another store that serves: copies in process are dropped, nobody joins a
 * load that began before, and who waits for a key looks again.
 */
export function followChanges({ client, primary, ...concerned }: Parts): OnStoredChange {
  const others = new Set<Listener>()
  client.on('state', ({ to }) => {
    // What one store was read to have is not what another has.
    concerned.near.changedAll()
    if (to === 'ready') concerned.leases.giveBackLeft()
    concerned.leases.changed()
  })
  primary?.onChange?.((stored) => {
    tell(stored, concerned)
    for (const listener of others) listener(stored)
  })
  return (listener) => {
    others.add(listener)
    return () => {
      others.delete(listener)
    }
  }
}

function tell(
  stored: string | undefined,
  { entries, near, flights, leases }: Omit<Parts, 'client' | 'primary'>,
): void {
  const concern = stored === undefined ? undefined : entries.concern(stored)
  if (stored === undefined) {
    near.changedAll()
    leases.changed()
  } else if (concern !== undefined && 'tag' in concern) {
    if (concern.tag === undefined) near.changedAll()
    else near.changedTags([concern.tag])
    flights.sealTagged(concern.tag)
  } else if (concern !== undefined) {
    near.changed(concern.key)
    flights.seal(concern.key)
    leases.changed(concern.key)
  }
}
