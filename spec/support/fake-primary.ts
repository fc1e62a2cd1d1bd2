import { setTimeout as delay } from 'node:timers/promises'
import { CommandRefusedError } from 'holdfast'
import type { CacheClient, KeyClaim, Lease } from 'holdfast'
import { MemoryClient } from '../../lib/client/memory-client'
import { systemClock } from '../../lib/clock'

const LONG_MS = 60_000

/** What is under way at a store that is frozen. */
interface Waiting {
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** A store that answers, is down, or takes commands and says nothing, as a test likes. */
export class FakePrimary implements CacheClient {
  /** What it holds, whether or not it answers. */
  readonly store = new MemoryClient({ maxEntries: 1000, maxBytes: 100_000 }, systemClock)
  /** The names of all commands it was sent. */
  readonly calls: string[] = []
  /** The commands that it refuses. */
  readonly refuses = new Set<string>()
  /** The commands at which its connection fails. */
  readonly failing = new Set<string>()
  mode: 'up' | 'down' | 'frozen' = 'up'
  /** How far away it is. */
  latencyMs = 0
  /** How many connections it says that it has. */
  crowd = 1
  /** How much has arrived from it. */
  received = 0
  isConnected = false
  #waiting: Waiting[] = []
  #onDisconnect: (cause: Error) => void = () => undefined

  /** Takes commands from here on and says nothing. */
  freeze(): void {
    this.mode = 'frozen'
  }

  /** Answers again, first what it was sent meanwhile. */
  thaw(): void {
    this.mode = 'up'
    for (const { resolve } of this.#waiting.splice(0)) resolve()
  }

  /** Goes down, and its connection with it. */
  crash(): void {
    this.mode = 'down'
    this.disconnect()
    this.#onDisconnect(new Error('connection lost'))
  }

  /** How often it was sent a command of this name. */
  count(name: string): number {
    return this.calls.filter((call) => call === name).length
  }

  /** What is under a key, as text. */
  async text(key: string): Promise<string | undefined> {
    const [value] = await this.store.getMany([key])
    return value?.toString()
  }

  /** Remembers what it holds. Returns the function that takes it back to this. */
  async snapshot(): Promise<() => Promise<void>> {
    const keys = [...this.store.keys()]
    const values = await this.store.getMany(keys)
    return async () => {
      this.store.clear()
      for (const [index, value] of values.entries()) {
        if (value !== undefined) await this.store.set(String(keys[index]), value, LONG_MS)
      }
    }
  }

  async connect(): Promise<void> {
    await this.#answer('connect', () => Promise.resolve())
    this.isConnected = true
  }

  disconnect(): void {
    this.isConnected = false
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('disconnected'))
  }

  close(): Promise<void> {
    return this.#answer('close', () => {
      this.isConnected = false
      return Promise.resolve()
    })
  }

  onDisconnect(listener: (cause: Error) => void): void {
    this.#onDisconnect = listener
  }

  connections(): Promise<number> {
    return Promise.resolve(this.crowd)
  }

  bytesReceived(): number {
    return this.received
  }

  ping(): Promise<void> {
    return this.#answer('ping', () => this.store.ping())
  }

  getMany(keys: readonly string[]): Promise<(Buffer | undefined)[]> {
    return this.#answer('getMany', () => this.store.getMany(keys))
  }

  timeLeft(key: string): Promise<number> {
    return this.#answer('timeLeft', () => this.store.timeLeft(key))
  }

  set(key: string, value: Buffer, ttlMs: number): Promise<void> {
    return this.#answer('set', () => this.store.set(key, value, ttlMs))
  }

  delete(keys: readonly string[]): Promise<void> {
    return this.#answer('delete', () => this.store.delete(keys))
  }

  lease(key: string, token: string, ttlMs: number): Promise<number> {
    return this.#answer('lease', () => this.store.lease(key, token, ttlMs))
  }

  claim(keys: readonly [string, ...string[]], token: string, ttlMs: number): Promise<KeyClaim> {
    return this.#answer('claim', () => this.store.claim(keys, token, ttlMs))
  }

  keepLeases(leases: readonly Lease[], ttlMs: number): Promise<boolean[]> {
    return this.#answer('keepLeases', () => this.store.keepLeases(leases, ttlMs))
  }

  setLeased(key: string, value: Buffer, lease: { token: string; ttlMs: number }): Promise<boolean> {
    return this.#answer('setLeased', () => this.store.setLeased(key, value, lease))
  }

  release(lease: Lease): Promise<void> {
    return this.#answer('release', () => this.store.release(lease))
  }

  stamp(counter: string, stamps: readonly string[], ttlMs: number): Promise<void> {
    return this.#answer('stamp', () => this.store.stamp(counter, stamps, ttlMs))
  }

  ensureStamps(counter: string, stamps: readonly string[], ttlMs: number): Promise<string> {
    return this.#answer('ensureStamps', () => this.store.ensureStamps(counter, stamps, ttlMs))
  }

  raise(key: string, value: number, ttlMs: number): Promise<void> {
    return this.#answer('raise', () => this.store.raise(key, value, ttlMs))
  }

  size(): Promise<number> {
    return this.#answer('size', () => this.store.size())
  }

  async #answer<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    this.calls.push(name)
    if (this.mode === 'frozen') {
      await new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }))
    }
    if (this.latencyMs > 0) await delay(this.latencyMs)
    this.received += 1
    if (this.mode === 'down' || this.failing.has(name)) throw new Error('down')
    if (this.refuses.has(name)) throw new CommandRefusedError(`${name} refused`)
    return work()
  }
}
