import type { ClientEvents } from '../client/client-state'
import { HistoryProof } from '../client/history-proof'
import { Journal } from '../client/journal'
import { MemoryClient } from '../client/memory-client'
import { ResilientClient } from '../client/resilient-client'
import { systemClock } from '../clock'
import { coarseMonotonic } from '../coarse-clock'
import { Events } from '../events'
import { Counters } from '../observe/stats'
import { followChanges } from './change-feed'
import type { OnStoredChange } from './change-feed'
import type { CacheConfiguration } from './configuration'
import { Cooldowns } from './cooldowns'
import { EntryReader } from './entry-reader'
import { EntryStore } from './entry-store'
import { Flights } from './flights'
import { KeyNames } from './key-names'
import type { Serving } from './leases'
import { Leases } from './leases'
import type { Outcome } from './outcome'
import { Loads } from './loads'
import { NearTier } from './near-tier'
import { Refusals } from './refusals'
import { Stamps } from './tags'
import { ValueCodec } from './value-codec'

/** How many changed keys and tags are noted one by one. */
const MOST_CHANGES = 10_000

/** What changes, as listeners of a cache are told. */
export interface CacheEvents extends ClientEvents {
  /** A load has failed behind a value that stands in for the one that it was to make: nobody else is told. */
  refreshFailed: { readonly key: string; readonly error: unknown }
}

/** What a cache consists of, put together: all parts of one cache (`cache.namespace(…)`) share it. */
export class CacheCore {
  readonly configuration: CacheConfiguration
  readonly memory: MemoryClient
  readonly client: ResilientClient
  readonly near: NearTier
  readonly reader: EntryReader
  readonly entries: EntryStore
  readonly flights = new Flights<Outcome>()
  readonly counters = new Counters()
  readonly codec: ValueCodec
  readonly leases: Leases
  readonly loads: Loads
  readonly refusals: Refusals
  readonly events: Events<Pick<CacheEvents, 'refreshFailed'>>
  /** How parts of holdfast that keep copies of their own hear of what changes in the store. */
  readonly onStoredChange: OnStoredChange

  constructor(configuration: CacheConfiguration) {
    this.configuration = configuration
    const { primary, namespace, clock, logger } = configuration
    const stamps = new Stamps(namespace)
    const now = coarseMonotonic(clock)
    this.events = new Events(logger)
    this.codec = new ValueCodec({ ...configuration, isSharing: configuration.near !== undefined })
    this.memory = new MemoryClient(configuration.memory, clock)
    this.client = new ResilientClient({
      ...configuration,
      memory: this.memory,
      journal: new Journal(MOST_CHANGES, stamps.ground([])),
      history: new HistoryProof(stamps.anchors, MOST_CHANGES),
    })
    const { client, memory, codec, counters } = this
    const store = { ...configuration, client, memory, names: new KeyNames(namespace), stamps, now, codec }
    this.near = new NearTier({ ...store, bounds: configuration.near, isRealTime: clock === systemClock })
    this.reader = new EntryReader({ ...store, near: this.near })
    const memoryMaxAgeMs = configuration.memory.maxAgeMs ?? Infinity
    this.entries = new EntryStore({ ...store, near: this.near, memoryMaxAgeMs })
    const serving = (): Serving =>
      client.state !== 'ready' ? 'memory' : primary?.tellsChanges?.() === true ? 'told' : 'untold'
    this.leases = new Leases(this.reader, this.entries, serving)
    const { near, reader, entries, leases, flights } = this
    const parts = { near, reader, entries, leases, flights, client, primary }
    this.refusals = new Refusals(counters, logger)
    this.loads = new Loads({
      ...configuration,
      ...parts,
      codec,
      counters,
      now,
      refusals: this.refusals,
      cooldowns: new Cooldowns(now),
      onRefreshFailed: (key, error) => {
        this.events.emit('refreshFailed', { key, error })
      },
    })
    this.onStoredChange = followChanges(parts)
  }
}
