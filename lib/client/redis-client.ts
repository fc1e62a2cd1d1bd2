import { randomBytes } from 'node:crypto'
import { ErrorReply, RESP_TYPES } from 'redis'
import type { RedisClientOptions, RedisClientType } from 'redis'
import { CommandRefusedError } from '../errors'
import type { Logger } from '../logger'
import { silentLogger } from '../logger'
import { answered } from './answered'
import type { CacheClient, KeyClaim, Lease, LogEntry, LogRecord } from './cache-client'
import { leaseKeyOf, pulseKeyOf } from './lease-key'
import { ownClient } from './node-redis'
import type { NodeRedisClient } from './node-redis'
import { ReadBatch } from './read-batch'
import type { Values } from './read-batch'
import {
  APPEND_LOG,
  ENSURE_STAMPS,
  HEAD,
  KEEP,
  LEASE,
  RAISE,
  RELEASE,
  SCRIPTS,
  SET,
  SET_LEASED,
  STAMP,
} from './redis-scripts'
import type { RedisScript } from './redis-scripts'
import { ServerFence } from './server-fence'
import { isTrackingRefusal, onInvalidate, withoutTracking } from './server-tracking'
import { watchSocket } from './socket-watch'
import type { WatchedSocket } from './socket-watch'
import { StreamRecord } from './stream-record'
import type { StreamReply } from './stream-record'
import { TurnBatch } from './turn-batch'

/** For how long a lease is kept beyond its time, for as long as nobody else wants it: in milliseconds. */
const SPARE_MS = 60_000

interface LeasedStore extends Lease {
  readonly value: Buffer
  readonly ttlMs: number
}

/** Redis through a node-redis connection of our own. */
export class RedisClient implements CacheClient {
  readonly #logger: Logger
  readonly #reads: ReadBatch
  readonly #stores = new TurnBatch<LeasedStore, boolean>({
    send: (stores) => this.#setLeased(stores),
    weigh: ({ value }) => 128 + value.length,
    room: 128 * 1024,
  })
  readonly #fence: ServerFence
  #redis!: RedisClientType
  #bytes!: Pick<RedisClientType, 'mGet' | 'evalSha' | 'eval' | 'sendCommand'>
  #socket: WatchedSocket | undefined
  #attempts = 0
  #onDisconnect: (cause: Error) => void = () => undefined
  #onChange: (key: string | undefined) => void = () => undefined

  /** Takes node-redis's own options, or a client to borrow them from, which is left as it is. */
  constructor(source: RedisClientOptions | NodeRedisClient, logger: Logger = silentLogger) {
    this.#logger = logger
    this.#reads = new ReadBatch((keys) => answered(this.#bytes.mGet([...keys]) as unknown as Promise<Values>))
    this.#fence = new ServerFence((...command) => this.#redis.sendCommand(command), logger)
    this.#use(ownClient(source))
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
    this.#flush()
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
    this.#flush()
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

  getMany(keys: readonly string[]): Promise<(Buffer | undefined)[]> {
    return keys.length === 0 ? Promise.resolve([]) : this.#reads.read(keys)
  }

  async head(key: string, most: number): Promise<{ bytes: Buffer; length: number } | undefined> {
    const found = (await this.#run(HEAD, [key], [String(most - 1)], this.#bytes)) as [number, Buffer] | null
    return found === null ? undefined : { length: found[0], bytes: found[1] }
  }

  async timeLeft(key: string): Promise<number> {
    const left = await answered(this.#redis.pTTL(key))
    return left === -1 ? Infinity : Math.max(left, 0)
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
    return Number(await this.#run(LEASE, leaseKeysOf(key), [token, String(ttlMs), String(SPARE_MS)]))
  }

  async claim(keys: readonly [string, ...string[]], token: string, ttlMs: number): Promise<KeyClaim> {
    const lease = leaseKeyOf(keys[0])
    const options = { PX: ttlMs + SPARE_MS, NX: true } as const
    for (;;) {
      // The reading is behind it, so nobody stores anything between the two.
      const [, found] = await Promise.all([
        answered(this.#redis.set(lease, token, options)),
        this.#reads.read([...keys, lease]),
      ])
      const isOurs = found.pop()?.toString() === token
      if (found[0] !== undefined && isOurs) await this.release({ key: keys[0], token })
      if (found[0] !== undefined) return { values: found, waitMs: undefined }
      const waitMs = isOurs ? 0 : await this.lease(keys[0], token, ttlMs)
      if (isOurs || waitMs > 0) return { values: found, waitMs }
    }
  }

  async keepLeases(leases: readonly Lease[], ttlMs: number): Promise<boolean[]> {
    if (leases.length === 0) return []
    const keys = leases.flatMap(({ key }) => leaseKeysOf(key))
    const held = await this.#run(KEEP, keys, [
      String(ttlMs),
      String(SPARE_MS),
      ...leases.map(({ token }) => token),
    ])
    return (held as number[]).map((isHeld) => isHeld === 1)
  }

  setLeased(
    key: string,
    value: Buffer,
    { token, ttlMs }: { readonly token: string; readonly ttlMs: number },
  ): Promise<boolean> {
    return this.#stores.ask({ key, value, token, ttlMs })
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

  async appendLog(log: string, entries: readonly LogEntry[], keepMs: number): Promise<void> {
    if (entries.length === 0) return
    const args = entries.flatMap(({ bytes, value, ttlMs }) => [bytes, String(value), String(ttlMs)])
    await this.#run(APPEND_LOG, [log, ...entries.map(({ key }) => key)], [String(keepMs), ...args])
  }

  async readLog(log: string, from: string, count: number): Promise<LogRecord[]> {
    const name = `${String(this.#redis.options.keyPrefix ?? '')}${log}`
    const range = ['XRANGE', name, from || '-', '+', 'COUNT', String(count)]
    const replies = await answered(this.#bytes.sendCommand<StreamReply[]>(range))
    return replies.map((reply) => new StreamRecord(reply))
  }

  size(): Promise<number> {
    return answered(this.#redis.dbSize())
  }

  info(): Promise<string> {
    return answered(this.#redis.info('memory'))
  }

  #flush(): void {
    this.#reads.flush()
    this.#stores.flush()
  }

  async #setLeased(stores: readonly LeasedStore[]): Promise<boolean[]> {
    const keys = stores.flatMap(({ key }) => [key, ...leaseKeysOf(key)])
    const args = stores.flatMap(({ token, value, ttlMs }) => [token, value, String(ttlMs)])
    return ((await this.#run(SET_LEASED, keys, args)) as number[]).map((isStored) => isStored === 1)
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

  async #run(
    script: RedisScript,
    keys: readonly string[],
    args: readonly (string | Buffer)[],
    redis: Pick<RedisClientType, 'evalSha' | 'eval'> = this.#redis,
  ): Promise<unknown> {
    const call = { keys: [...keys], arguments: [...args] }
    try {
      return await answered(redis.evalSha(script.sha1, call))
    } catch (error) {
      const isUnknown = error instanceof CommandRefusedError && error.message.startsWith('NOSCRIPT')
      if (!isUnknown) throw error
      return answered(redis.eval(script.source, call))
    }
  }
}

function ignoreRefusal(error: unknown): void {
  if (!(error instanceof ErrorReply)) throw error
}

function leaseKeysOf(key: string): [lease: string, pulse: string] {
  return [leaseKeyOf(key), pulseKeyOf(key)]
}

function newEpoch(): string {
  return randomBytes(9).toString('base64url')
}
