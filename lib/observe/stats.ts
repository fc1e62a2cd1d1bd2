import type { ClientState } from '../client/client-state'
import type { MemoryClient } from '../client/memory-client'
import type { CacheClient } from '../client/cache-client'
import type { ResilientClient } from '../client/resilient-client'

/** What a cache has counted since it was made. */
export interface Tally {
  /** Reads that found a value. */
  readonly hits: number
  /** Reads that found none. */
  readonly misses: number
  /** `hits / (hits + misses)`, from 0 to 1; 0 before the first read. */
  readonly hitRatio: number
  /** Of the hits, those that were answered with a value past its ttl, within its `grace`. */
  readonly stale: number
  /** Loaders run by `getOrSet`. */
  readonly loads: number
  /** Values that could not be written, or were too large, and were not stored. */
  readonly refused: number
}

/** The stats while Redis serves. */
export interface RedisStats extends Tally {
  readonly type: 'redis'
  readonly state: ClientState
  readonly connected: true
  /** Keys in the database, those of others included (`DBSIZE`). */
  readonly size: number
  /** What Redis says of its memory (`INFO memory`), as it says it. */
  readonly info: string
}

/** The stats while memory serves. */
export interface MemoryStats extends Tally {
  readonly type: 'memory'
  readonly state: ClientState
  readonly connected: false
  /** Entries held. */
  readonly size: number
  /** Their keys, at most 100 of them. */
  readonly keys: readonly string[]
  /** Whether there are more keys than are shown. */
  readonly keysTruncated: boolean
}

/** What `getStats()` answers: by `type`, for the store that serves. */
export type CacheStats = RedisStats | MemoryStats

const MOST_KEYS = 100

/** Counts what a cache does. */
export class Counters {
  hits = 0
  misses = 0
  stale = 0
  loads = 0
  refused = 0

  /** Counts a read. */
  count(isHit: boolean): void {
    if (isHit) this.hits += 1
    else this.misses += 1
  }

  /** The counts so far. */
  tally(): Tally {
    const { hits, misses, stale, loads, refused } = this
    const reads = hits + misses
    return { hits, misses, hitRatio: reads === 0 ? 0 : hits / reads, stale, loads, refused }
  }
}

/** The stats of the store that serves. `nameKey` gives a stored key its caller's name, or `undefined` where it is ours. */
export async function readStats(
  client: ResilientClient,
  memory: MemoryClient,
  tally: Tally,
  nameKey: (stored: string) => string | undefined,
): Promise<CacheStats> {
  const redis = await client.ask(readRedis)
  if (redis !== undefined) return { type: 'redis', state: client.state, connected: true, ...redis, ...tally }

  const keys: string[] = []
  let size = 0
  for (const stored of memory.keys()) {
    const key = nameKey(stored)
    if (key === undefined) continue
    size += 1
    if (keys.length < MOST_KEYS) keys.push(key)
  }
  return {
    type: 'memory',
    state: client.state,
    connected: false,
    size,
    keys,
    keysTruncated: size > MOST_KEYS,
    ...tally,
  }
}

async function readRedis(client: CacheClient): Promise<{ size: number; info: string }> {
  const [size, info] = await Promise.all([client.size(), client.info?.() ?? ''])
  return { size, info }
}
