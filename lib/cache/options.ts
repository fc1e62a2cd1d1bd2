import type { RedisClientOptions } from 'redis'
import { checkOptions, describeValue, wholeNumber } from '../check-options'
import type { CacheClient } from '../client/cache-client'
import { connectionFromEnvironment, connectionFromUrlOption } from '../client/connection-options'
import type { MemoryBounds } from '../client/memory-client'
import type { NodeRedisClient } from '../client/node-redis'
import type { RedisClient } from '../client/redis-client'
import type { Clock } from '../clock'
import { systemClock } from '../clock'
import type { Duration } from '../duration'
import { parseDuration } from '../duration'
import { InvalidOptionError } from '../errors'
import type { Logger } from '../logger'
import { consoleLogger, guardedLogger, silentLogger } from '../logger'
import type { NearBounds } from './near-tier'
import type { Serializer } from './serializer'
import { checkSerializer } from './serializer'

/** How a cache is made. All of it may be left out. */
export interface CacheOptions {
  /**
   * How to reach Redis: a URL, node-redis's own options, a node-redis client (its options are borrowed for a
   * connection of the cache's own; it is never closed or changed), or `false` for memory only.
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

/** What a cache runs on: every option resolved. */
export interface CacheConfiguration {
  readonly primary: CacheClient | undefined
  readonly namespace: string
  readonly ttlMs: number
  readonly commandTimeoutMs: number
  readonly serializer: Serializer | undefined
  readonly maxValueBytes: number
  readonly memory: MemoryBounds
  /** `undefined` where nothing is kept in process. */
  readonly near: NearBounds | undefined
  readonly logger: Logger
  readonly clock: Clock
}

const KNOWN = [
  'redis',
  'client',
  'namespace',
  'ttl',
  'commandTimeout',
  'serializer',
  'maxValueBytes',
  'memory',
  'nearCache',
  'logger',
  'clock',
] as const

/**
 * Checks the options, fills in the defaults and reads the environment where it is asked.
 *
 * @throws {InvalidOptionError} naming the option; {@link InvalidEnvironmentError} naming the variable.
 */
export function resolveOptions(options: CacheOptions = {}): CacheConfiguration {
  checkOptions('createCache', options, KNOWN)
  const logger = resolveLogger(options.logger)
  const primary = resolvePrimary(options, logger)
  return Object.freeze({
    primary,
    namespace: resolveNamespace(options.namespace),
    ttlMs: parseDuration(options.ttl ?? '1h', 'createCache: ttl'),
    commandTimeoutMs: wholeNumber('createCache: commandTimeout', options.commandTimeout, {
      min: 1,
      default: 100,
    }),
    serializer:
      options.serializer === undefined
        ? undefined
        : checkSerializer('createCache: serializer', options.serializer),
    maxValueBytes: wholeNumber('createCache: maxValueBytes', options.maxValueBytes, {
      min: 1,
      default: 8 * 2 ** 20,
    }),
    memory: resolveMemory(options.memory, primary !== undefined),
    near: resolveNear(options.nearCache),
    logger,
    clock: resolveClock(options.clock),
  })
}

function resolvePrimary({ redis, client }: CacheOptions, logger: Logger): CacheClient | undefined {
  if (client !== undefined) {
    if (redis === undefined) return requireClient(client)
    throw new InvalidOptionError('createCache: client', "expected either 'client' or 'redis', got both")
  }
  if (redis === false) return undefined
  const source = redis === undefined ? connectionFromEnvironment(process.env, logger) : resolveRedis(redis)
  if (source === undefined) return undefined
  // Loaded only here: who runs on memory does not pay for node-redis.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const module = require('../client/redis-client') as { RedisClient: typeof RedisClient }
  return new module.RedisClient(source, logger)
}

function resolveRedis(redis: unknown): RedisClientOptions | NodeRedisClient {
  const owner = 'createCache: redis'
  if (typeof redis === 'string') return connectionFromUrlOption(owner, redis)
  if (typeof redis !== 'object' || redis === null || Array.isArray(redis)) {
    const got = describeValue(redis)
    throw new InvalidOptionError(
      owner,
      `expected a URL, node-redis options, a node-redis client or false, got ${got}`,
    )
  }
  for (const name of ['host', 'port', 'tls', 'path']) {
    if (name in redis && !('duplicate' in redis)) {
      throw new InvalidOptionError(
        `${owner}: ${name}`,
        `expected it within socket, as node-redis has it: { socket: { ${name} } }`,
      )
    }
  }
  if ('url' in redis && typeof redis.url === 'string') connectionFromUrlOption(`${owner}: url`, redis.url)
  return redis
}

function resolveNamespace(namespace: unknown = ''): string {
  // \p{Cs}: what UTF-8 cannot write comes back from Redis as something else.
  if (typeof namespace === 'string' && /^(?!(holdfast|blacklist)(:|$))[^\s{}\p{Cs}]*$/u.test(namespace))
    return namespace
  throw new InvalidOptionError(
    'createCache: namespace',
    `expected a string without blanks and braces that does not begin with 'holdfast' or 'blacklist', got ${describeValue(namespace)}`,
  )
}

function resolveMemory(memory: CacheOptions['memory'], standsIn: boolean): MemoryBounds {
  checkOptions('createCache: memory', memory, ['maxEntries', 'maxBytes', 'maxAge'])
  const maxAgeMs = parseDuration(memory?.maxAge ?? '30s', 'createCache: memory.maxAge')
  return {
    ...(standsIn && { maxAgeMs }),
    maxEntries: wholeNumber('createCache: memory.maxEntries', memory?.maxEntries, {
      min: 10,
      max: 2 ** 24,
      default: 50_000,
    }),
    maxBytes: wholeNumber('createCache: memory.maxBytes', memory?.maxBytes, {
      min: 1024,
      default: 64 * 2 ** 20,
    }),
  }
}

function resolveNear(near: CacheOptions['nearCache']): NearBounds | undefined {
  if (near === false) return undefined
  if (near !== undefined) checkOptions('createCache: nearCache', near, ['maxEntries', 'maxBytes'])
  return {
    maxEntries: wholeNumber('createCache: nearCache.maxEntries', near?.maxEntries, {
      min: 1,
      default: 50_000,
    }),
    maxBytes: wholeNumber('createCache: nearCache.maxBytes', near?.maxBytes, {
      min: 1,
      default: 32 * 2 ** 20,
    }),
  }
}

function resolveLogger(logger: Logger | false | undefined): Logger {
  if (logger === undefined) return consoleLogger
  if (logger === false) return silentLogger
  if (hasMethods(logger, ['info', 'warn', 'error'])) return guardedLogger(logger)
  throw new InvalidOptionError(
    'createCache: logger',
    'expected an object with info, warn and error, or false',
  )
}

function resolveClock(clock: Clock | undefined): Clock {
  if (clock === undefined) return systemClock
  if (hasMethods(clock, ['now', 'monotonic'])) return clock
  throw new InvalidOptionError('createCache: clock', 'expected an object with now and monotonic')
}

function requireClient(client: CacheClient): CacheClient {
  const methods = [
    'connect',
    'disconnect',
    'close',
    'onDisconnect',
    'ping',
    'getMany',
    'set',
    'delete',
    'lease',
    'claim',
    'keepLeases',
    'setLeased',
    'release',
  ] as const
  if (hasMethods(client, [...methods, 'stamp', 'ensureStamps', 'raise', 'size'])) return client
  throw new InvalidOptionError('createCache: client', `expected a CacheClient, got ${describeValue(client)}`)
}

function hasMethods(value: unknown, names: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function')
}
