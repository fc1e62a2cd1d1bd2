import type { RedisClientOptions } from 'redis'
import type { CacheClient } from '../client/cache-client'
import type { NodeRedisClient } from '../client/node-redis'
import type { Clock } from '../clock'
import type { Duration } from '../duration'
import type { Logger } from '../logger'
import type { Serializer } from './serializer'

/** How a cache is made. All of it may be left out. */
export interface CacheOptions {
  /**
   * How to reach Redis: a URL, node-redis's own options, a node-redis client (its options are borrowed for a
   * connection of the cache's own, with the database that they name, whatever `select()` chose later; it is never closed
   * or changed), or `false` for memory only.
   *
   * @default what the environment says: `REDIS_URL`, or `REDIS_HOST` and its kin; memory where neither is set
   */
  readonly redis?: string | RedisClientOptions | NodeRedisClient | false
  /** A store of your own in the place of Redis. Not together with `redis`. */
  readonly client?: CacheClient
  /**
   * What this cache's keys begin with, before a colon, so that several applications share a database.
   *
   * @default none: keys are stored as they are
   */
  readonly namespace?: string
  /**
   * How long a value lives where the call doesn't say: milliseconds, or a string like `'5m'`.
   *
   * @default '1h'
   */
  readonly ttl?: Duration
  /**
   * Which part of a ttl is left to chance, so that what was stored together does not end together: 0 up to 1. A value
   * lives for its ttl at most, and shorter by up to this part of it.
   *
   * @default 0.05: between 57 and 60 minutes of an hour
   */
  readonly jitter?: number
  /**
   * Whether values that are asked for are made anew behind, shortly before their time is over: nobody waits then. The
   * longer a load takes and the nearer the end, the likelier. `true` for the usual eagerness, which is 1, or a number:
   * 2 begins twice as early.
   *
   * @default false
   */
  readonly refreshAhead?: boolean | number
  /**
   * Whether large values are packed (DEFLATE) on their way to the store: `true` for those of 1 KiB and more, or the
   * number of bytes. What was packed can be read with any setting.
   *
   * @default false
   */
  readonly compress?: boolean | number
  /**
   * The longest that one call waits for Redis, in milliseconds; memory answers then. 1 up.
   *
   * @default 100
   */
  readonly commandTimeout?: number
  /**
   * How values are written, in place of holdfast's own way (readable JSON where the value is plain JSON, `node:v8`
   * for whatever else). It writes every value, so it can encrypt them; responses are stored as they were sent. What
   * another serializer wrote is a miss.
   *
   * @default holdfast's own
   */
  readonly serializer?: Serializer
  /**
   * The most bytes that a value may take as it is written. A larger one is not stored. 1 up.
   *
   * @default 8388608 (8 MiB)
   */
  readonly maxValueBytes?: number
  /**
   * How much is kept in process in front of the store, as values that are ready for use; Redis tells when one of
   * them changes. What is plain JSON is frozen then, and one and the same for all who read it. `false` for nothing:
   * then each reading goes to the store and gives a copy of its own.
   *
   * @default 50000 values, 32 MiB
   */
  readonly nearCache?:
    | false
    | {
        /** Most values. @default 50000 */
        readonly maxEntries?: number
        /** Most bytes of all values together, as they are written. @default 33554432 (32 MiB) */
        readonly maxBytes?: number
      }
  /** How much memory may hold while it serves. */
  readonly memory?: {
    /** Most entries. @default 50000 */
    readonly maxEntries?: number
    /** Most bytes of keys and values together. @default 67108864 (64 MiB) */
    readonly maxBytes?: number
    /**
     * How old a value in memory may be while Redis is configured and away: milliseconds, or a string like `'1m'`.
     * A process that is cut off can't hear of what others change; this is for how long it may not know. Has no
     * effect without Redis.
     *
     * @default '30s': a key costs one load in that time, and who changes something elsewhere sees it soon
     */
    readonly maxAge?: Duration
  }
  /**
   * Where the few lines about the connection go; `false` for nowhere.
   *
   * @default the console
   */
  readonly logger?: Logger | false
  /** Where time comes from, for tests. @default the machine's clock */
  readonly clock?: Clock
}
