import { randomBytes } from 'node:crypto'
import { createClient, ErrorReply, RESP_TYPES } from 'redis'
import type { RedisClientOptions, RedisClientType } from 'redis'
import { CommandRefusedError, InvalidOptionError } from '../errors'
import type { Logger } from '../logger'
import { silentLogger } from '../logger'
import type { CacheClient, Lease } from './cache-client'
import { leaseKeyOf, pulseKeyOf } from './lease-key'
import { ENSURE_STAMPS, KEEP, LEASE, RAISE, RELEASE, SCRIPTS, SET, SET_LEASED, STAMP } from './redis-scripts'
import type { RedisScript } from './redis-scripts'
import { ServerFence } from './server-fence'
import { isTrackingRefusal, onInvalidate, trackingOptions, withoutTracking } from './server-tracking'
import { watchSocket } from './socket-watch'
import type { WatchedSocket } from './socket-watch'

/** A node-redis client as an application makes it, with whatever modules and type mapping. */
export interface NodeRedisClient {
  readonly isOpen: boolean
  duplicate(overrides?: object): unknown
}

/** Replies by which a server says that it cannot serve for now, rather than that it won't do this command. */
const UNUSABLE = new Set([
  'LOADING',
  'READONLY',
  'MASTERDOWN',
  'CLUSTERDOWN',
  'TRYAGAIN',
  'NOREPLICAS',
  'MISCONF',
  'BUSY',
  'NOAUTH',
  'WRONGPASS',
  // Whoever takes no writes has no use for what changes: memory does.
  'OOM',
  // A node of a cluster takes some of our commands and not the others.
  'CROSSSLOT',
  'MOVED',
  'ASK',
])

/** For how long a lease is kept beyond its time, for as long as nobody else wants it: in milliseconds. */
const SPARE_MS = '60000'

/** Who connects has a limit of its own for an attempt; this is for sockets that Node doesn't let us drop. */
const CONNECT_TIMEOUT_MS = 2000

/**
 * Redis through a node-redis connection of our own. Reconnecting, limits of time and what happens meanwhile
 * are not its business: node-redis's own queue, retries and timeouts are turned off.
 */
export class RedisClient implements CacheClient {
  readonly #logger: Logger
  readonly #fence: ServerFence
  #redis!: RedisClientType
  #bytes!: Pick<RedisClientType, 'mGet'>
  #socket: WatchedSocket | undefined
  #attempts = 0
  #onDisconnect: (cause: Error) => void = () => undefined
  #onChange: (key: string | undefined) => void = () => undefined

  /** Takes node-redis's own options, or a client to borrow them from, which is left as it is. */
  constructor(source: RedisClientOptions | NodeRedisClient, logger: Logger = silentLogger) {
    this.#logger = logger
    this.#fence = new ServerFence((...command) => this.#redis.sendCommand(command), logger)
    this.#use(isClient(source) ? duplicate(source) : createClient(ownOptions(source)))
  }

  /** The node-redis client beneath, for commands that holdfast has no word for. */
  get redis(): RedisClientType {
    return this.#redis
  }

  async connect(): Promise<void> {
    const attempt = ++this.#attempts
    try {
      await this.#open(attempt)
    } catch (error) {
      if (attempt !== this.#attempts || !isTrackingRefusal(error)) throw error
      this.#use(withoutTracking(this.#redis, error, this.#logger))
      await this.#open(attempt)
    }
    await Promise.all([
      this.#fence.raise(),
      // Known scripts save their first callers a round trip; where that is not permitted, they do without.
      ...SCRIPTS.map(({ source }) => this.#redis.scriptLoad(source).catch(ignoreRefusal)),
    ])
  }

  disconnect(): void {
    this.#attempts += 1
    this.#redis.destroy()
    // node-redis has no hold of a socket that is not connected yet.
    this.#socket?.destroy(new Error('Disconnected while it was connecting'))
  }

  bytesReceived(): number | undefined {
    return this.#socket?.bytesRead
  }

  async connections(): Promise<number> {
    const info = await answered(this.#redis.info('clients'))
    return Number(/^connected_clients:(\d+)/m.exec(info)?.[1] ?? 1)
  }

  async close(): Promise<void> {
    if (this.#redis.isOpen) await this.#redis.close()
  }

  onDisconnect(listener: (cause: Error) => void): void {
    this.#onDisconnect = listener
  }

  onChange(listener: (key: string | undefined) => void): void {
    this.#onChange = listener
  }

  tellsChanges(): boolean {
    return this.#redis.options.emitInvalidate === true
  }

  async ping(): Promise<void> {
    // A write: a demoted master and one without its replicas still answer PING.
    await answered(this.#redis.unlink('holdfast:ping'))
  }

  async getMany(keys: readonly string[]): Promise<(Buffer | undefined)[]> {
    if (keys.length === 0) return []
    const values = (await answered(this.#bytes.mGet([...keys]))) as unknown as (Buffer | null)[]
    return values.map((value) => value ?? undefined)
  }

  async set(key: string, value: Buffer, ttlMs: number): Promise<void> {
    // By its source: to be told that the server doesn't know it, and to send it again, might be after a delete.
    await answered(
      this.#redis.eval(SET, { keys: [key, ...leaseKeysOf(key)], arguments: [value, String(ttlMs)] }),
    )
  }

  async delete(keys: readonly string[]): Promise<void> {
    if (keys.length > 0) await answered(this.#redis.unlink([...keys, ...keys.flatMap(leaseKeysOf)]))
  }

  async lease(key: string, token: string, ttlMs: number): Promise<number> {
    return Number(await this.#run(LEASE, leaseKeysOf(key), [token, String(ttlMs), SPARE_MS]))
  }

  async keepLeases(leases: readonly Lease[], ttlMs: number): Promise<boolean[]> {
    if (leases.length === 0) return []
    const keys = leases.flatMap(({ key }) => leaseKeysOf(key))
    const held = await this.#run(KEEP, keys, [String(ttlMs), SPARE_MS, ...leases.map(({ token }) => token)])
    return (held as number[]).map((isHeld) => isHeld === 1)
  }

  async setLeased(
    key: string,
    value: Buffer,
    { token, ttlMs }: { readonly token: string; readonly ttlMs: number },
  ): Promise<boolean> {
    return (await this.#run(SET_LEASED, [key, ...leaseKeysOf(key)], [token, value, String(ttlMs)])) === 1
  }

  async release({ key, token }: Lease): Promise<void> {
    await this.#run(RELEASE, leaseKeysOf(key), [token])
  }

  async stamp(counter: string, stamps: readonly string[], ttlMs: number): Promise<void> {
    await this.#run(STAMP, [counter, ...stamps], [newEpoch(), String(ttlMs)])
  }

  async ensureStamps(counter: string, stamps: readonly string[], ttlMs: number): Promise<string> {
    return String(await this.#run(ENSURE_STAMPS, [counter, ...stamps], [newEpoch(), String(ttlMs)]))
  }

  async raise(key: string, value: number, ttlMs: number): Promise<void> {
    await this.#run(RAISE, [key], [String(value), String(ttlMs)])
  }

  size(): Promise<number> {
    return answered(this.#redis.dbSize())
  }

  info(): Promise<string> {
    return answered(this.#redis.info('memory'))
  }

  /** Makes this the node-redis client beneath, from here on. */
  #use(redis: RedisClientType): void {
    this.#redis = redis
    this.#bytes = redis.withTypeMapping({
      [RESP_TYPES.BLOB_STRING]: Buffer,
    })
    redis.on('error', (error: Error) => {
      // No connection is lost by that: there is going to be one without.
      if (!isTrackingRefusal(error)) this.#onDisconnect(error)
    })
    onInvalidate(redis, (key) => {
      this.#onChange(key)
    })
  }

  async #open(attempt: number): Promise<void> {
    const { result, socket } = watchSocket(() => this.#redis.connect())
    this.#socket = socket
    await result
    if (attempt === this.#attempts) return
    // Disconnected meanwhile, when there was no socket to drop.
    this.#redis.destroy()
    throw new Error('Disconnected while it was connecting')
  }

  async #run(script: RedisScript, keys: string[], args: (string | Buffer)[]): Promise<unknown> {
    const call = { keys, arguments: args }
    try {
      return await answered(this.#redis.evalSha(script.sha1, call))
    } catch (error) {
      const isUnknown = error instanceof CommandRefusedError && error.message.startsWith('NOSCRIPT')
      if (!isUnknown) throw error
      return answered(this.#redis.eval(script.source, call))
    }
  }
}

/** Tells a refused command from a server that is not usable. */
async function answered<Reply>(reply: Promise<Reply>): Promise<Reply> {
  try {
    return await reply
  } catch (error) {
    if (!(error instanceof ErrorReply)) throw error
    // Where in which script it happened makes a new cause of each.
    const message = error.message.replace(/ script: \w+, on .*$/, '')
    const isRefusal = !UNUSABLE.has(message.split(' ', 1)[0] ?? '')
    throw isRefusal
      ? new CommandRefusedError(message, { cause: error })
      : new Error(message, { cause: error })
  }
}

function ignoreRefusal(error: unknown): void {
  if (!(error instanceof ErrorReply)) throw error
}

function isClient(source: RedisClientOptions | NodeRedisClient): source is NodeRedisClient {
  return 'duplicate' in source && typeof source.duplicate === 'function'
}

function duplicate(client: NodeRedisClient): RedisClientType {
  const { options } = client as NodeRedisClient & { options?: RedisClientOptions }
  const isStandalone = options !== undefined && !('rootNodes' in options) && !('sentinelRootNodes' in options)
  if (isStandalone) return client.duplicate(ownOptions(options)) as RedisClientType
  throw new InvalidOptionError(
    'createCache: redis',
    'expected a client as createClient() of node-redis makes it, got a pool, a cluster or a sentinel',
  )
}

function ownOptions(options: RedisClientOptions): RedisClientOptions {
  return {
    ...options,
    ...trackingOptions(options),
    socket: {
      ...options.socket,
      // node-redis's clock would run on while the application holds the event loop.
      connectTimeout: options.socket?.tls === true ? CONNECT_TIMEOUT_MS : 0,
      socketTimeout: 0,
      reconnectStrategy: false,
    },
    disableOfflineQueue: true,
    commandsQueueMaxLength: undefined as unknown as number,
    // An absent timeout would be node-redis's own, which costs most of its throughput.
    commandOptions: { timeout: undefined } as unknown as NonNullable<RedisClientOptions['commandOptions']>,
    maintNotifications: 'disabled',
  }
}

function leaseKeysOf(key: string): [lease: string, pulse: string] {
  return [leaseKeyOf(key), pulseKeyOf(key)]
}

function newEpoch(): string {
  return randomBytes(9).toString('base64url')
}
