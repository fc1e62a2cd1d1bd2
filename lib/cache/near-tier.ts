import type { CacheClient } from '../client/cache-client'
import type { MemoryClient } from '../client/memory-client'
import type { ResilientClient } from '../client/resilient-client'
import { systemClock } from '../clock'
import { coarseMonotonic } from '../coarse-clock'
import type { Entry } from './entry'
import type { KeyNames } from './key-names'
import type { Token } from './near-cache'
import { NearCache } from './near-cache'
import { NO_ROW } from './sieve'
import type { RefreshAhead } from './refresh-ahead'
import type { Payload } from './payload'
import type { Decoded, ValueCodec } from './value-codec'

/** How much is kept in process in front of Redis. */
export interface NearBounds {
  /** Most values. */
  readonly maxEntries: number
  /** Most bytes of all of them, as they are written. */
  readonly maxBytes: number
}

interface Parts {
  readonly bounds: NearBounds | undefined
  readonly client: ResilientClient
  readonly primary: CacheClient | undefined
  readonly memory: MemoryClient
  readonly names: KeyNames
  readonly codec: ValueCodec
  readonly refreshAhead: RefreshAhead
  /** Monotonic, in milliseconds. */
  readonly now: () => number
  /** Whether that is the machine's own time, by which connections are judged. */
  readonly isRealTime: boolean
}

/** That a value is not in process. */
export const NOT_NEAR = Symbol('not near')
/** That a value is there, and this reader is the one to make it anew. */
export const DUE = Symbol('due')

/** What a reading of a store found, and when it began. */
export interface Read {
  /** What is there and still right. */
  readonly entry: Entry | undefined
  /** What {@link NearTier.begin} gave before it. */
  readonly token: Token | undefined
  /** When its life is over, where the reader has asked: monotonic, in milliseconds. */
  readonly endsAt?: number | undefined
  /** Until when it is more than a stand-in; `undefined` for all its life. */
  readonly freshUntil?: number | undefined
}

/** What a reading of a key found, and the value that it is. */
export interface FoundRead {
  readonly key: string
  readonly read: Read
  readonly decoded: Decoded
}

const NONE: Promise<number[]> = Promise.resolve([])

/**
 * What the store that serves has been read to have, in process, as values: for as long as that store would tell of
 * a change. Redis tells over the connection that the reading went over, and is asked twice a second whether it is
 * still there; memory is told by those who change it.
 *
 * Only what was read is kept, never what was written: a write makes Redis forget that one wants to hear of a key.
 */
export class NearTier {
  readonly #parts: Parts
  readonly #copies: NearCache<unknown> | undefined
  readonly #client: ResilientClient
  readonly #now: () => number
  /** The time by which connections are judged, where the cache goes by another clock. */
  readonly #realNow: (() => number) | undefined
  /** When it was last asked whether what the store tells can be trusted: once for all that is found at a time. */
  #trustedAt = -Infinity

  constructor(parts: Parts) {
    this.#parts = parts
    this.#client = parts.client
    this.#now = parts.now
    if (!parts.isRealTime) this.#realNow = coarseMonotonic(systemClock)
    if (parts.bounds !== undefined) this.#copies = new NearCache({ ...parts.bounds, now: this.#now })
  }

  /** How many values there are, and how many bytes they took as they were written. */
  get load(): { readonly size: number; readonly bytes: number } {
    return { size: this.#copies?.size ?? 0, bytes: this.#copies?.bytes ?? 0 }
  }

  /** The value of a key, if it is here, fresh and proven to be right; {@link NOT_NEAR} else. */
  find(key: string): unknown {
    const copies = this.#copies
    if (copies === undefined) return NOT_NEAR
    const now = this.#now()
    const row = copies.find(key, now)
    return row === NO_ROW || !this.#isTrusted(now) ? NOT_NEAR : this.#valueAt(copies, row)
  }

  /** The same for one who can make it anew, and is sometimes sent to do so before its time is over. */
  findOrRenew(key: string): unknown {
    const copies = this.#copies
    if (copies === undefined) return NOT_NEAR
    const now = this.#now()
    const row = copies.findSettled(key, now)
    if (row === NO_ROW) return this.#findDue(copies, key, now)
    return this.#isTrusted(now) ? this.#valueAt(copies, row) : NOT_NEAR
  }

  /** To be called before a store is read. `undefined` where it doesn't tell of changes. */
  begin(store: CacheClient): Token | undefined {
    const { client, memory, primary } = this.#parts
    // A Redis that has only just come back has no room for all: what memory says then is nobody's business here.
    const isServing = (client.state === 'ready') === (store !== memory)
    const tells = store === memory || primary?.tellsChanges?.() === true
    return isServing && tells ? this.#copies?.begin() : undefined
  }

  /** Keeps what was read for as long as it is fresh, unless it has changed since the reading began. */
  keep(key: string, read: Read, decoded: Decoded): void {
    this.keepAll([{ key, read, decoded }])
  }

  /** The same for many. The store that serves is asked at one time how much of their lives is left. */
  keepAll(found: readonly FoundRead[]): void {
    const copies = this.#copies
    if (copies === undefined) return
    const unended: { readonly name: string; readonly keepUntil: (deadline: number) => void }[] = []
    for (const { key, read, decoded } of found) {
      const kept = this.#copyOf(key, read, decoded)
      if (kept === undefined) continue
      const keepUntil = (deadline: number): void => {
        copies.keep(key, kept.copy, { ...kept.terms, deadline })
      }
      if (read.freshUntil === undefined) unended.push({ name: this.#parts.names.of(key), keepUntil })
      else keepUntil(read.freshUntil)
    }
    if (unended.length === 0) return
    const asked = this.#now()
    void this.#client
      // Where another store answers by now, it says nothing of what was read.
      .read((store) =>
        this.begin(store) === undefined ? NONE : Promise.all(unended.map(({ name }) => store.timeLeft(name))),
      )
      .then((left) => {
        for (const [place, { keepUntil }] of unended.entries()) keepUntil(asked + (left[place] ?? 0))
      })
  }

  #copyOf(key: string, { entry, token }: Read, decoded: Decoded) {
    if (entry === undefined || token === undefined) return undefined
    const isWhole = decoded.isShared
    const costMs = entry.costMs ?? 0
    const terms = {
      token,
      tags: entry.tags,
      // What is kept whole takes as much room as if it had never been packed.
      bytes: ((isWhole ? decoded.bytes : undefined) ?? entry.payload.length) + key.length,
      isWhole,
      costMs,
      renewMs: this.#parts.refreshAhead.windowMs(costMs),
    }
    return { copy: isWhole ? decoded.value : alone(entry), terms }
  }

  #findDue(copies: NearCache<unknown>, key: string, now: number): unknown {
    const row = copies.find(key, now)
    if (row === NO_ROW || !this.#isTrusted(now)) return NOT_NEAR
    const isDue = this.#parts.refreshAhead.isDue(copies.costAt(row), copies.deadlineAt(row) - now)
    return isDue ? DUE : this.#valueAt(copies, row)
  }

  #valueAt(copies: NearCache<unknown>, row: number): unknown {
    const copy = copies.copyAt(row)
    return copies.isWholeAt(row) ? copy : this.#decode(copy as Payload)
  }

  #isTrusted(now: number): boolean {
    if (now === this.#trustedAt) return true
    const realNow = this.#realNow?.() ?? now
    if (realNow >= this.#client.trustedUntil) return false
    if (this.#realNow === undefined) this.#trustedAt = now
    return true
  }

  #decode(payload: Payload): unknown {
    const decoded = this.#parts.codec.decode(payload)
    return decoded === undefined ? NOT_NEAR : decoded.value
  }

  /** What is under the key is no longer right. */
  changed(key: string): void {
    this.#copies?.changed(key)
  }

  /** What depends on these tags is no longer right. */
  changedTags(tags: readonly string[]): void {
    for (const tag of tags) this.#copies?.changedTag(tag)
  }

  /** Nothing is right any more. */
  changedAll(): void {
    this.#copies?.changedAll()
  }
}

/** With bytes of its own: those that were read are part of all that arrived with them, and would keep it. */
function alone({ kind, payload }: Payload): Payload {
  const bytes = Buffer.allocUnsafeSlow(payload.length)
  payload.copy(bytes)
  return { kind, payload: bytes }
}
