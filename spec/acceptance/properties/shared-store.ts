import { randomBytes } from 'node:crypto'
import type { CacheClient, KeyClaim, Lease } from 'holdfast'

interface Kept {
  readonly value: Buffer
  readonly until: number
}

/** What a store held at some moment. */
export type Snapshot = ReadonlyMap<string, Kept>

/** What plays Redis to several instances of an application: it can be put back to what it was, and be emptied. */
export class SharedStore implements CacheClient {
  #kept = new Map<string, Kept>()

  /** What it holds now. */
  snapshot(): Snapshot {
    return new Map(this.#kept)
  }

  /** Goes back in time. */
  rollBack(snapshot: Snapshot): void {
    this.#kept = new Map(snapshot)
  }

  connect(): Promise<void> {
    return Promise.resolve()
  }

  disconnect(): void {
    // It outlives those who use it.
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  onDisconnect(): void {
    // Connections are lost in front of it.
  }

  ping(): Promise<void> {
    return Promise.resolve()
  }

  getMany(keys: readonly string[]): Promise<(Buffer | undefined)[]> {
    return Promise.resolve(keys.map((key) => this.#find(key)?.value))
  }

  timeLeft(key: string): Promise<number> {
    return Promise.resolve(Math.max(0, (this.#find(key)?.until ?? 0) - performance.now()))
  }

  set(key: string, value: Buffer, ttlMs: number): Promise<void> {
    this.#kept.delete(leaseOf(key))
    this.#keep(key, value, ttlMs)
    return Promise.resolve()
  }

  delete(keys: readonly string[]): Promise<void> {
    for (const key of keys.flatMap((name) => [name, leaseOf(name)])) this.#kept.delete(key)
    return Promise.resolve()
  }

  lease(key: string, token: string, ttlMs: number): Promise<number> {
    const held = this.#find(leaseOf(key))
    if (held !== undefined && held.value.toString() !== token)
      return Promise.resolve(Math.max(1, Math.round(held.until - performance.now())))
    this.#keep(leaseOf(key), Buffer.from(token), ttlMs)
    return Promise.resolve(0)
  }

  async claim(keys: readonly [string, ...string[]], token: string, ttlMs: number): Promise<KeyClaim> {
    const values = keys.map((key) => this.#find(key)?.value)
    return { values, waitMs: values[0] === undefined ? await this.lease(keys[0], token, ttlMs) : undefined }
  }

  keepLeases(leases: readonly Lease[], ttlMs: number): Promise<boolean[]> {
    const kept = leases.map((lease) => {
      const isHeld = this.#isHeld(lease)
      if (isHeld) this.#keep(leaseOf(lease.key), Buffer.from(lease.token), ttlMs)
      return isHeld
    })
    return Promise.resolve(kept)
  }

  async setLeased(key: string, value: Buffer, lease: { token: string; ttlMs: number }): Promise<boolean> {
    if (!this.#isHeld({ key, token: lease.token })) return false
    await this.set(key, value, lease.ttlMs)
    return true
  }

  release(lease: Lease): Promise<void> {
    if (this.#isHeld(lease)) this.#kept.delete(leaseOf(lease.key))
    return Promise.resolve()
  }

  stamp(counter: string, stamps: readonly string[], ttlMs: number): Promise<void> {
    const [epoch = '', number] = this.#count(counter).split('.')
    // As Redis counts: what it has forgotten is not given out again.
    const next = Math.max(Number(number) + 1, Math.round(performance.now() * 1000))
    const count = Buffer.from(`${epoch}.${String(next)}`)
    for (const key of [counter, ...stamps]) this.#keep(key, count, ttlMs, this.#find(key))
    return Promise.resolve()
  }

  ensureStamps(counter: string, stamps: readonly string[], ttlMs: number): Promise<string> {
    const count = this.#count(counter)
    const [epoch] = count.split('.')
    for (const key of [counter, ...stamps]) {
      const found = this.#find(key)
      const isCurrent = found?.value.toString().split('.')[0] === epoch
      this.#keep(key, isCurrent ? (found?.value ?? Buffer.from(count)) : Buffer.from(count), ttlMs, found)
    }
    return Promise.resolve(count)
  }

  raise(key: string, value: number, ttlMs: number): Promise<void> {
    const before = this.#find(key)
    const number = Math.max(value, Number(before?.value.toString() ?? value))
    this.#keep(key, Buffer.from(String(number)), ttlMs, before)
    return Promise.resolve()
  }

  size(): Promise<number> {
    return Promise.resolve([...this.#kept.keys()].filter((key) => this.#find(key) !== undefined).length)
  }

  #isHeld({ key, token }: Lease): boolean {
    return this.#find(leaseOf(key))?.value.toString() === token
  }

  #find(key: string): Kept | undefined {
    const kept = this.#kept.get(key)
    return kept !== undefined && kept.until > performance.now() ? kept : undefined
  }

  #keep(key: string, value: Buffer, ttlMs: number, atLeast?: Kept): void {
    this.#kept.set(key, { value, until: Math.max(performance.now() + ttlMs, atLeast?.until ?? 0) })
  }

  #count(counter: string): string {
    return this.#find(counter)?.value.toString() ?? `${randomBytes(9).toString('base64url')}.0`
  }
}

/** Leases are kept, lost and brought back with everything else, as in Redis. */
function leaseOf(key: string): string {
  return `lease of ${key}`
}
