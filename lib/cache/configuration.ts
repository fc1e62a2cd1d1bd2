import type { RedisClientOptions } from 'redis'
import { checkOptions, describeValue, numberWithin, wholeNumber } from '../check-options'
import type { CacheClient } from '../client/cache-client'
import { connectionFromEnvironment, connectionFromUrlOption } from '../client/connection-options'
import type { MemoryBounds } from '../client/memory-client'
import type { NodeRedisClient } from '../client/node-redis'
import type { RedisClient } from '../client/redis-client'
import type { Clock } from '../clock'
import { systemClock } from '../clock'
import { parseDuration } from '../duration'
import { InvalidOptionError } from '../errors'
import type { Logger } from '../logger'
import { consoleLogger, guardedLogger, silentLogger } from '../logger'
import { Compression } from './compression'
import type { NearBounds } from './near-tier'
import type { CacheOptions } from './options'
import { RefreshAhead } from './refresh-ahead'
import type { Serializer } from './serializer'
import { checkSerializer } from './serializer'

/** What a cache runs on: every option resolved. */
export interface CacheConfiguration {
  readonly primary: CacheClient | undefined
  readonly namespace: string
  readonly ttlMs: number
  readonly jitter: number
  readonly refreshAhead: RefreshAhead
  readonly compression: Compression | undefined
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
  'jitter',
  'refreshAhead',
  'compress',
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
    jitter: numberWithin('createCache: jitter', options.jitter, { max: 1, default: 0.05 }),
    refreshAhead: resolveRefreshAhead(options.refreshAhead),
    compression: resolveCompression(options.compress),
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
  return checkNamespace('createCache: namespace', namespace)
}

/**
 * A namespace as it may be used.
 *
 * @throws {InvalidOptionError} for anything else.
 */
export function checkNamespace(option: string, namespace: unknown): string {
  // \p{Cs}: what UTF-8 cannot write comes back from Redis as something else.
  if (typeof namespace === 'string' && /^(?!(holdfast|blacklist)(:|$))[^\s{}\p{Cs}]*$/u.test(namespace))
    return namespace
  throw new InvalidOptionError(
    option,
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

function resolveRefreshAhead(refreshAhead: CacheOptions['refreshAhead'] = false): RefreshAhead {
  const option = 'createCache: refreshAhead'
  if (typeof refreshAhead === 'boolean') return new RefreshAhead(refreshAhead ? 1 : 0)
  return new RefreshAhead(numberWithin(option, refreshAhead, { max: 100, default: 0 }))
}

function resolveCompression(compress: CacheOptions['compress'] = false): Compression | undefined {
  if (compress === false) return undefined
  const bytes = compress === true ? 1024 : compress
  return new Compression(wholeNumber('createCache: compress', bytes, { min: 1, default: 1024 }))
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
    'timeLeft',
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
