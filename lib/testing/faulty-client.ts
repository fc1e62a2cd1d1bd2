import { checkOptions, describeValue, oneOf, wholeNumber } from '../check-options'
import type { CacheClient, KeyClaim, Lease } from '../client/cache-client'
import { MemoryClient } from '../client/memory-client'
import { systemClock } from '../clock'
import { InvalidOptionError } from '../errors'
import type { FailOptions, FaultOptions, FlapOptions, HangOptions } from './fault-options'
import { checkClient, checkCommands } from './fault-options'
import { optionalCommands } from './optional-commands'
import type { FaultyCommand } from './wire'
import { Wire } from './wire'

const LONGEST_TIMER_MS = 2 ** 31 - 1
const RECONNECTED_WITHIN_MS = 1000

/**
 * A cache client that has an outage when a test says so. See {@link faultyClient}.
 *
 * It has one fault at a time: the next takes the place of the one before, and what that one held up is then
 * subject to the new one, in the order in which it was sent.
 */
export class FaultyClient implements CacheClient {
  // There where the client within has them. What changes goes over the wire too, so a fault holds it up.
  readonly info?: () => Promise<string>
  readonly connections?: () => Promise<number>
  readonly head?: NonNullable<CacheClient['head']>
  readonly appendLog?: NonNullable<CacheClient['appendLog']>
  readonly readLog?: NonNullable<CacheClient['readLog']>
  readonly onChange?: NonNullable<CacheClient['onChange']>
  readonly #client: CacheClient
  readonly #wire = new Wire()
  #isConnected = false
  #flapping: NodeJS.Timeout | undefined
  /** Keeps the process alive, as the socket of a real connection does. */
  #socket: NodeJS.Timeout | undefined
  #onDisconnect: (cause: Error) => void = () => undefined

  /** See {@link faultyClient}. */
  constructor(client: CacheClient) {
    this.#client = client
    const onChange = client.onChange?.bind(client)
    if (onChange !== undefined) this.onChange = this.#wire.carrying(onChange)
    Object.assign(this, optionalCommands(client, this.#send.bind(this)))
    client.onDisconnect((cause) => {
      this.#lose(cause)
    })
  }

  /**
   * Is down from now on, as a server that was killed: the connection is lost, whoever waits is refused, and so
   * is every attempt to connect. With `commands` the connection stands, and these reject.
   *
   * @example
   * redis.fail({ commands: ['set'], cause: new CommandRefusedError('OOM') })
   *
   * @throws {InvalidOptionError} for a bad option.
   */
  fail(options: FailOptions = {}): void {
    checkOptions('fail', options, ['cause', 'commands'])
    const { cause = new Error('faultyClient: the store is down') } = options
    if (!(cause instanceof Error)) {
      throw new InvalidOptionError('fail: cause', `expected an Error, got ${describeValue(cause)}`)
    }
    const commands = checkCommands('fail: commands', options.commands)
    this.#stopFlapping()
    this.#goDown(cause, commands)
  }

  /**
   * Takes commands from now on and answers none, as a server that is frozen or a network that swallows what is
   * sent. Attempts to connect hang too. What hangs rejects when the connection is dropped, and goes on with
   * {@link FaultyClient.heal}.
   *
   * @example
   * redis.hang({ commands: ['delete'], withhold: 'reply' })
   *
   * @throws {InvalidOptionError} for a bad option.
   */
  hang(options: HangOptions = {}): void {
    checkOptions('hang', options, ['withhold', 'commands'])
    const withhold = oneOf('hang: withhold', options.withhold, ['request', 'reply'], 'request')
    const commands = checkCommands('hang: commands', options.commands)
    this.#stopFlapping()
    this.#wire.suffer({ kind: 'hang', withhold, commands })
  }

  /**
   * Lets every command take this much longer from now on, before it is carried out.
   *
   * @example
   * redis.delay(30)
   *
   * @param ms - how much, in whole milliseconds, 0 up; 500 if left out.
   * @throws {InvalidOptionError} for a bad time or option.
   */
  delay(ms?: number, options: FaultOptions = {}): void {
    checkOptions('delay', options, ['commands'])
    const delayMs = wholeNumber('delay', ms, { min: 0, max: LONGEST_TIMER_MS, default: 500 })
    const commands = checkCommands('delay: commands', options.commands)
    this.#stopFlapping()
    this.#wire.suffer({ kind: 'delay', delayMs, commands })
  }

  /**
   * Loses the connection once, now: commands in flight reject, carried out or not, and the cache is told. The
   * next attempt to connect succeeds, unless another fault is on.
   *
   * @example
   * redis.drop()
   */
  drop(): void {
    this.#lose(new Error('faultyClient: the connection was lost'))
  }

  /**
   * Comes and goes until {@link FaultyClient.heal} or another fault: down at once, as by
   * {@link FaultyClient.fail}, then up, then down again.
   *
   * @example
   * redis.flap({ upMs: 100, downMs: 1000 })
   *
   * @throws {InvalidOptionError} for a bad time or option.
   */
  flap(options: FlapOptions = {}): void {
    checkOptions('flap', options, ['upMs', 'downMs'])
    const bounds = { min: 1, max: LONGEST_TIMER_MS, default: 300 }
    const upMs = wholeNumber('flap: upMs', options.upMs, bounds)
    const downMs = wholeNumber('flap: downMs', options.downMs, bounds)
    this.#stopFlapping()
    const down = (): void => {
      this.#flapping = setTimeout(up, downMs).unref()
      this.#goDown(new Error('faultyClient: the store is down, for now'))
    }
    const up = (): void => {
      this.#flapping = setTimeout(down, upMs).unref()
      this.#wire.suffer(undefined)
    }
    down()
  }

  /**
   * Has no fault any more. What hung or was delayed goes on now, in its order. A lost connection comes back when
   * the cache tries again, which it does within half a second.
   *
   * @example
   * redis.heal()
   * await new Promise((resolve) => cache.on('recovered', resolve))
   */
  heal(): void {
    this.#stopFlapping()
    // Whoever waits for the connection may have nothing else that keeps the process alive.
    if (!this.#isConnected) this.#keepAlive(RECONNECTED_WITHIN_MS)
    this.#wire.suffer(undefined)
  }

  async connect(): Promise<void> {
    await this.#wire.send({
      command: 'connect',
      work: () => this.#client.connect(),
      onArrival: () => {
        this.#isConnected = true
        this.#keepAlive(LONGEST_TIMER_MS)
      },
    })
  }

  disconnect(): void {
    this.#end(new Error('faultyClient: disconnected'))
  }

  async close(): Promise<void> {
    this.#stopFlapping()
    if (this.#isConnected) await this.#wire.send({ command: 'close', work: () => this.#client.close() })
    else await this.#client.close()
    this.#end(new Error('faultyClient: closed'))
  }

  onDisconnect(listener: (cause: Error) => void): void {
    this.#onDisconnect = listener
  }

  ping(): Promise<void> {
    return this.#send('ping', () => this.#client.ping())
  }

  getMany(keys: readonly string[]): Promise<(Buffer | undefined)[]> {
    return this.#send('getMany', () => this.#client.getMany(keys))
  }

  timeLeft(key: string): Promise<number> {
    return this.#send('timeLeft', () => this.#client.timeLeft(key))
  }

  set(key: string, value: Buffer, ttlMs: number): Promise<void> {
    return this.#send('set', () => this.#client.set(key, value, ttlMs))
  }

  delete(keys: readonly string[]): Promise<void> {
    return this.#send('delete', () => this.#client.delete(keys))
  }

  lease(key: string, token: string, ttlMs: number): Promise<number> {
    return this.#send('lease', () => this.#client.lease(key, token, ttlMs))
  }

  claim(keys: readonly [string, ...string[]], token: string, ttlMs: number): Promise<KeyClaim> {
    return this.#send('claim', () => this.#client.claim(keys, token, ttlMs))
  }

  keepLeases(leases: readonly Lease[], ttlMs: number): Promise<boolean[]> {
    return this.#send('keepLeases', () => this.#client.keepLeases(leases, ttlMs))
  }

  setLeased(key: string, value: Buffer, lease: { token: string; ttlMs: number }): Promise<boolean> {
    return this.#send('setLeased', () => this.#client.setLeased(key, value, lease))
  }

  release(lease: Lease): Promise<void> {
    return this.#send('release', () => this.#client.release(lease))
  }

  stamp(counter: string, stamps: readonly string[], ttlMs: number): Promise<void> {
    return this.#send('stamp', () => this.#client.stamp(counter, stamps, ttlMs))
  }

  ensureStamps(counter: string, stamps: readonly string[], ttlMs: number): Promise<string> {
    return this.#send('ensureStamps', () => this.#client.ensureStamps(counter, stamps, ttlMs))
  }

  raise(key: string, value: number, ttlMs: number): Promise<void> {
    return this.#send('raise', () => this.#client.raise(key, value, ttlMs))
  }

  size(): Promise<number> {
    return this.#send('size', () => this.#client.size())
  }

  tellsChanges(): boolean {
    return this.#client.tellsChanges?.() ?? false
  }

  bytesReceived(): number | undefined {
    return this.#client.bytesReceived?.()
  }

  #send<Result>(command: FaultyCommand, work: () => Promise<Result>): Promise<Result> {
    if (this.#isConnected) return this.#wire.send({ command, work })
    return Promise.reject(new Error('faultyClient: there is no connection'))
  }

  #goDown(cause: Error, commands?: ReadonlySet<string>): void {
    this.#wire.suffer({ kind: 'fail', cause, commands })
    if (commands === undefined) this.#lose(cause)
  }

  #lose(cause: Error): void {
    const wasConnected = this.#isConnected
    this.#end(cause)
    if (wasConnected) this.#onDisconnect(cause)
  }

  #end(cause: Error): void {
    this.#isConnected = false
    clearTimeout(this.#socket)
    this.#wire.cut(cause)
    this.#client.disconnect()
  }

  #keepAlive(ms: number): void {
    clearTimeout(this.#socket)
    this.#socket = setTimeout(() => undefined, ms)
  }

  #stopFlapping(): void {
    clearTimeout(this.#flapping)
  }
}

/**
 * Wraps a cache client, so that a test can have an outage of it without a Redis, or with one. Give it to the
 * cache in the place of Redis; to the cache it is Redis. What Redis itself does wrong (a restart with older data,
 * a demoted master) is for a real `redis-server` to show.
 *
 * @param client - what it wraps, a connection of its own; a store in memory if left out, so that no Redis is needed.
 * @throws {InvalidOptionError} for what is no cache client.
 *
 * @example
 * const redis = faultyClient()
 * const cache = createCache({ client: redis, logger: false })
 *
 * redis.hang()
 * await cache.set('role:admin', { may: ['read'] }) // 'memory', also while the first connection is under way
 * redis.heal()
 */
export function faultyClient(client?: CacheClient): FaultyClient {
  if (client === undefined) {
    return new FaultyClient(new MemoryClient({ maxEntries: 10_000, maxBytes: 64 * 2 ** 20 }, systemClock))
  }
  checkClient('faultyClient', client)
  return new FaultyClient(client)
}
