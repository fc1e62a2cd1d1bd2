import { randomBytes } from 'node:crypto'
import type { Clock } from '../clock'
import { CommandRefusedError } from '../errors'
import { BoundedMap } from './bounded-map'
import type { CacheClient, KeyClaim, Lease, LogEntry, LogRecord } from './cache-client'
import { MemoryLogs } from './memory-logs'

/** How much a {@link MemoryClient} may hold. What is used least goes first. */
export interface MemoryBounds {
  /** Most entries. */
  readonly maxEntries: number
  /** Most bytes of keys and values together. */
  readonly maxBytes: number
  /** The longest that a value is kept, in milliseconds, whatever its ttl. @default as long as its ttl says */
  readonly maxAgeMs?: number
}

/** How many leases there may be before those whose time is up are looked for. */
const MANY_LEASES = 10_000

interface HeldLease {
  readonly token: string
  /** When others may take it, as the clock's `monotonic()` has it. */
  readonly until: number
}

/** The store in this process: always there, bounded, gone with the process. */
export class MemoryClient implements CacheClient {
  readonly #entries: BoundedMap<Buffer>
  readonly #logs = new MemoryLogs()
  readonly #leases = new Map<string, HeldLease>()
  #manyLeases = MANY_LEASES
  readonly #clock: Clock
  readonly #maxAgeMs: number

  constructor({ maxEntries, maxBytes, maxAgeMs = Infinity }: MemoryBounds, clock: Clock) {
    this.#entries = new BoundedMap({ maxEntries, maxBytes })
    this.#clock = clock
    this.#maxAgeMs = maxAgeMs
  }

  connect(): Promise<void> {
    return Promise.resolve()
  }

  disconnect(): void {
    // There is no connection to drop.
  }

  close(): Promise<void> {
    this.clear()
    return Promise.resolve()
  }

  onDisconnect(): void {
    // It never happens.
  }

  ping(): Promise<void> {
    return Promise.resolve()
  }

  getMany(keys: readonly string[]): Promise<(Buffer | undefined)[]> {
    return Promise.resolve(keys.map((key) => this.#get(key)))
  }

  head(key: string, most: number): Promise<{ bytes: Buffer; length: number } | undefined> {
    const value = this.#get(key)
    return Promise.resolve(value && { bytes: value.subarray(0, most), length: value.length })
  }

  timeLeft(key: string): Promise<number> {
    return Promise.resolve(Math.max(0, this.#remaining(key)))
  }

  set(key: string, value: Buffer, ttlMs: number): Promise<void> {
    this.#leases.delete(key)
    if (this.#set(key, value, Math.min(ttlMs, this.#maxAgeMs))) return Promise.resolve()
    return Promise.reject(new CommandRefusedError('the value is larger than all of the memory'))
  }

  delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      this.#leases.delete(key)
      this.#entries.delete(key)
    }
    return Promise.resolve()
  }

  lease(key: string, token: string, ttlMs: number): Promise<number> {
    const now = this.#clock.monotonic()
    const held = this.#leases.get(key)
    if (held !== undefined && held.token !== token && held.until > now)
      return Promise.resolve(Math.ceil(held.until - now))
    if (held === undefined && this.#leases.size >= this.#manyLeases) this.#dropEndedLeases()
    this.#leases.set(key, { token, until: now + ttlMs })
    return Promise.resolve(0)
  }

  async claim(keys: readonly [string, ...string[]], token: string, ttlMs: number): Promise<KeyClaim> {
    const values = keys.map((key) => this.#get(key))
    return { values, waitMs: values[0] === undefined ? await this.lease(keys[0], token, ttlMs) : undefined }
  }

  keepLeases(leases: readonly Lease[], ttlMs: number): Promise<boolean[]> {
    const until = this.#clock.monotonic() + ttlMs
    const kept = leases.map(({ key, token }) => {
      const isHeld = this.#leases.get(key)?.token === token
      if (isHeld) this.#leases.set(key, { token, until })
      return isHeld
    })
    return Promise.resolve(kept)
  }

  async setLeased(
    key: string,
    value: Buffer,
    { token, ttlMs }: { readonly token: string; readonly ttlMs: number },
  ): Promise<boolean> {
    if (this.#leases.get(key)?.token !== token) return false
    await this.set(key, value, ttlMs)
    return true
  }

  release(lease: Lease): Promise<void> {
    if (this.#leases.get(lease.key)?.token === lease.token) this.#leases.delete(lease.key)
    return Promise.resolve()
  }

  stamp(counter: string, stamps: readonly string[], ttlMs: number): Promise<void> {
    const [epoch, number] = this.#count(counter).split('.')
    const next = Buffer.from(`${String(epoch)}.${String(Number(number) + 1)}`)
    for (const key of [counter, ...stamps]) this.#set(key, next, Math.max(ttlMs, this.#remaining(key)))
    return Promise.resolve()
  }

  ensureStamps(counter: string, stamps: readonly string[], ttlMs: number): Promise<string> {
    const count = this.#count(counter)
    for (const key of [counter, ...stamps]) {
      const found = this.#get(key)
      const isOfThisEpoch = found !== undefined && epochOf(found.toString()) === epochOf(count)
      this.#set(key, isOfThisEpoch ? found : Buffer.from(count), Math.max(ttlMs, this.#remaining(key)))
    }
    return Promise.resolve(count)
  }

  raise(key: string, value: number, ttlMs: number): Promise<void> {
    const before = Number(this.#get(key)?.toString() ?? value)
    this.#set(key, Buffer.from(String(Math.max(before, value))), Math.max(ttlMs, this.#remaining(key)))
    return Promise.resolve()
  }

  async appendLog(log: string, entries: readonly LogEntry[], keepMs: number): Promise<void> {
    for (const { bytes, key, value, ttlMs } of entries) {
      await this.raise(key, value, ttlMs)
      this.#logs.append(log, bytes, { now: Math.floor(this.#clock.now()), keepMs })
    }
  }

  readLog(log: string, from: string, count: number): Promise<LogRecord[]> {
    return Promise.resolve(this.#logs.read(log, from, count))
  }

  size(): Promise<number> {
    this.#dropExpired()
    return Promise.resolve(this.#entries.size)
  }

  /** The keys it holds, newest first. */
  *keys(): Generator<string> {
    this.#dropExpired()
    yield* [...this.#entries.keys()].reverse()
  }

  /** Forgets everything. */
  clear(): void {
    this.#entries.clear()
    this.#logs.clear()
    this.#leases.clear()
  }

  #get(key: string): Buffer | undefined {
    return this.#entries.get(key, this.#clock.monotonic())
  }

  #set(key: string, value: Buffer, ttlMs: number): boolean {
    return this.#entries.set(key, value, key.length + value.length, this.#clock.monotonic() + ttlMs)
  }

  /** How long the key has left, in milliseconds: below 0 if it is not there. */
  #remaining(key: string): number {
    return this.#entries.deadlineOf(key) - this.#clock.monotonic()
  }

  #dropExpired(): void {
    const now = this.#clock.monotonic()
    for (const key of this.#entries.keys()) if (this.#entries.deadlineOf(key) < now) this.#entries.delete(key)
  }

  #dropEndedLeases(): void {
    const now = this.#clock.monotonic()
    for (const [key, { until }] of this.#leases) if (until <= now) this.#leases.delete(key)
    this.#manyLeases = Math.max(MANY_LEASES, 2 * this.#leases.size)
  }

  #count(counter: string): string {
    return this.#get(counter)?.toString() ?? `${randomBytes(9).toString('base64url')}.0`
  }
}

function epochOf(count: string): string {
  return count.split('.', 1)[0] ?? ''
}
