import type { RedisClientType } from 'redis'
import { oneOf } from '../check-options'
import type { ClientState, Closed } from '../client/client-state'
import type { ResilientClient } from '../client/resilient-client'
import type { Clock } from '../clock'
import type { Logger } from '../logger'
import type { Health } from '../observe/health'
import { readHealth } from '../observe/health'
import type { CacheStats, Counters } from '../observe/stats'
import { readStats } from '../observe/stats'
import type { CacheCore, CacheEvents } from './cache-core'
import type { Opened } from './entry-reader'
import { Scope } from './scope'

/** What can be said and done of a cache as a whole, beside its values: how it is, who hears of it, how it ends. */
export abstract class CacheBase {
  /** What it is made of. @internal */
  readonly core: CacheCore
  /** Which part of it this is. @internal */
  readonly scope: Scope

  /** See {@link createCache}. @internal */
  constructor(core: CacheCore, scope = Scope.whole) {
    this.core = core
    this.scope = scope
  }

  /** Whether Redis is in use now. */
  get isConnected(): boolean {
    return this.core.client.state === 'ready'
  }

  /** Which store serves, and why. */
  get state(): ClientState {
    return this.core.client.state
  }

  /**
   * The node-redis client beneath, for commands that the cache has no word for, if there is one. It rejects
   * while Redis is away.
   */
  get redis(): RedisClientType | undefined {
    const { primary } = this.core.configuration
    return primary !== undefined && 'redis' in primary ? (primary.redis as RedisClientType) : undefined
  }

  /** What its keys begin with in the store: its namespace and a colon, or `''`. */
  get prefix(): string {
    const { namespace } = this.core.configuration
    return (namespace === '' ? '' : `${namespace}:`) + this.scope.prefix
  }

  /** The client beneath, for parts of holdfast that keep state of their own. @internal */
  get client(): ResilientClient {
    return this.core.client
  }

  /** What this cache counts. @internal */
  get counters(): Counters {
    return this.core.counters
  }

  /** Where its few lines go. @internal */
  get logger(): Logger {
    return this.core.configuration.logger
  }

  /** Where this cache's time comes from. @internal */
  get clock(): Clock {
    return this.core.configuration.clock
  }

  /** Finds what is under a key, for what cannot be made by a loader. @internal */
  open(key: string, tags: readonly string[]): Promise<Opened> {
    return this.core.reader.open(this.scope.key(key), this.scope.tagsOf(tags))
  }

  /** Adds a listener. Returns the function that takes it away again. */
  on<Name extends keyof CacheEvents>(name: Name, listener: (event: CacheEvents[Name]) => void): () => void {
    oneOf('on', name, ['state', 'degraded', 'recovered', 'refreshFailed'], 'state')
    const { client, events } = this.core
    return name === 'refreshFailed'
      ? events.on(name, listener as (event: CacheEvents['refreshFailed']) => void)
      : client.on(name as 'state', listener as (event: CacheEvents['state']) => void)
  }

  /** What the cache has counted, and what the store that serves says of itself. */
  getStats(): Promise<CacheStats> {
    const { client, memory, counters, entries } = this.core
    return readStats(client, memory, counters.tally(), (stored) => entries.callersKey(stored))
  }

  /** How the cache is, for a health route. */
  health(): Promise<Health> {
    return readHealth(this.core.client)
  }

  /**
   * Ends the connection, after what is being stored. From then on reads miss and writes answer `'none'`. During
   * an outage it tries once, for at most a second, to bring over what was changed. Idempotent.
   *
   * @returns what Redis has not got and nobody is going to tell it any more.
   */
  async close(): Promise<Closed> {
    this.core.leases.end()
    await this.core.entries.drain()
    return this.core.client.close()
  }
}
