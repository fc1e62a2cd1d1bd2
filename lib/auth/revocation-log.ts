import type { CacheClient, LogEntry, LogRecord } from '../client/cache-client'
import type { LogClient } from '../client/log-client'
import { hasLogs } from '../client/log-client'
import { CommandRefusedError } from '../errors'
import { encodeRevocation, newWriter, readRevocation } from './revocation'
import type { PackedRevocation, Revocation, RevocationKind } from './revocation'

const HOUR_MS = 60 * 60 * 1000
const DAY_MS = 24 * HOUR_MS

/** A log each for what matters about as long: whatever is older than that may go, and nothing that matters does. */
const LIVES: readonly (readonly [name: string, lifeMs: number])[] = [
  ['1h', HOUR_MS],
  ['1d', DAY_MS],
  ['1w', 7 * DAY_MS],
  ['1m', 31 * DAY_MS],
  ['3m', 93 * DAY_MS],
  ['1y', 366 * DAY_MS],
  ['long', 101 * 366 * DAY_MS],
]

/** How far the clocks of instances and of Redis may be apart. */
const CLOCK_DIFFERENCE_MS = 10 * 60 * 1000

const KIND_PREFIX: Readonly<Record<RevocationKind, string>> = {
  token: '',
  subject: 'subject:',
  exemption: 'except:',
}

/** What became of reading a log on from the last known entry. */
export type Reading =
  | ReadPart
  /** The last known entry isn't there any more, nor is it long ago: the log is not the one that was read. */
  | { readonly outcome: 'lost' }
  /** Somebody has written what this version cannot read. */
  | { readonly outcome: 'foreign' }
  /** The store keeps no logs, or not for this user. */
  | { readonly outcome: 'refused' }

/** A part of a log that was read. */
export interface ReadPart {
  readonly outcome: 'read'
  readonly revocations: readonly PackedRevocation[]
  readonly isAtEnd: boolean
  /** The last entry known before it, and the last of it. */
  readonly anchors: readonly [before: LogRecord | undefined, after: LogRecord | undefined]
}

/** The names of what a blacklist has in Redis. */
export class RevocationNames {
  readonly #prefix: string

  /** Takes what the names of a cache begin with. */
  constructor(prefix: string) {
    this.#prefix = prefix
  }

  /** The key beside a revocation: for those who look by hand, and for whoever has no copy. */
  keyOf(kind: RevocationKind, id: string): string {
    return `${this.#prefix}blacklist:${KIND_PREFIX[kind]}${id}`
  }

  /** The name of a log. */
  logOf(life: string): string {
    return `holdfast:{ns=${this.#prefix.slice(0, -1)}}:revocations:${life}`
  }
}

/**
 * One log of revocations, and how far it has been read. The last entry that was read is the anchor: as long as Redis
 * has it, with the same bytes under the same id, the log has only been added to, and what stands behind it is all
 * that is new. A Redis that went back in time, was emptied, or is another one, has no such entry.
 */
export class RevocationLog {
  readonly name: string
  readonly lifeMs: number
  #anchor: LogRecord | undefined

  constructor(name: string, lifeMs: number) {
    this.name = name
    this.lifeMs = lifeMs
  }

  /** For how long its entries are kept. */
  get keepMs(): number {
    return this.lifeMs + CLOCK_DIFFERENCE_MS
  }

  /** Begins again. */
  rewind(): void {
    this.#anchor = undefined
  }

  /** Reads on, at the time of day that is given, so many entries at most: 2 up, the anchor is one of them. */
  async read(client: CacheClient, now: number, count: number): Promise<Reading> {
    const anchor = this.#anchor
    const records = await this.#recordsFrom(anchor?.id ?? '', count, client)
    if (records === undefined) return { outcome: 'refused' }
    if (anchor !== undefined && !isSame(records.shift(), anchor)) {
      if (!this.#isPast(anchor, now)) return { outcome: 'lost' }
      // It has gone as all do, with all before it; what is left is read from the start.
      return { outcome: 'read', revocations: [], isAtEnd: false, anchors: [anchor, undefined] }
    }
    const revocations: PackedRevocation[] = []
    for (const { bytes } of records) {
      const read = readRevocation(bytes)
      if (read === undefined) return { outcome: 'foreign' }
      revocations.push(read)
    }
    const isAtEnd = records.length < count - 1
    return { outcome: 'read', revocations, isAtEnd, anchors: [anchor, records.at(-1) ?? anchor] }
  }

  /**
   * Goes on from behind a part that was read. Whoever was given no answer in time has not read it, though it came.
   *
   * @returns whether it was the part that was due: not if the log is to be read from its start meanwhile.
   */
  moveOn({ anchors: [before, after] }: ReadPart): boolean {
    if (this.#anchor !== before) return false
    this.#anchor = after
    return true
  }

  /** Whether it goes on from behind this part, and has not begun again since. */
  isBehind({ anchors: [, after] }: ReadPart): boolean {
    return this.#anchor === after
  }

  async #recordsFrom(id: string, count: number, client: CacheClient): Promise<LogRecord[] | undefined> {
    if (!hasLogs(client)) return undefined
    try {
      return await client.readLog(this.name, id, count)
    } catch (error) {
      if (error instanceof CommandRefusedError) return undefined
      throw error
    }
  }

  #isPast({ id }: LogRecord, now: number): boolean {
    return now - Number(id.split('-')[0]) > this.lifeMs + CLOCK_DIFFERENCE_MS / 2
  }
}

/** The logs of a cache. */
export class RevocationLogs {
  readonly names: RevocationNames
  readonly all: readonly RevocationLog[]
  /** By which number the logs know what this process has written. */
  readonly writer = newWriter()

  /** Takes what the names of the cache begin with. */
  constructor(prefix: string) {
    this.names = new RevocationNames(prefix)
    this.all = LIVES.map(([life, lifeMs]) => new RevocationLog(this.names.logOf(life), lifeMs))
  }

  /** Appends revocations, at the time of day that is given, each to the log of its life. */
  async append(client: LogClient, revocations: readonly Revocation[], now: number): Promise<void> {
    const entries = revocations.map((revocation) => ({ revocation, ttlMs: lifeOf(revocation, now) }))
    let shorterMs = 0
    for (const log of this.all) {
      const { name, keepMs } = log
      // None is left over, whatever it says of its life.
      const longestMs = log === this.all.at(-1) ? Infinity : log.lifeMs
      const fitting = entries.filter(({ ttlMs }) => ttlMs <= longestMs && ttlMs > shorterMs)
      shorterMs = longestMs
      if (fitting.length === 0) continue
      const said = fitting.map(({ revocation, ttlMs }): LogEntry => ({
        bytes: encodeRevocation({ change: 0, ...revocation, writer: this.writer }),
        key: this.names.keyOf(revocation.kind, revocation.id),
        value: revocation.value,
        ttlMs,
      }))
      await client.appendLog(name, said, keepMs)
    }
  }

  /** Puts revocations under their keys alone, where there are no logs. */
  async raiseKeys(client: CacheClient, revocations: readonly Revocation[], now: number): Promise<void> {
    const raise = (each: Revocation): Promise<void> =>
      client.raise(this.names.keyOf(each.kind, each.id), each.value, lifeOf(each, now))
    await Promise.all(revocations.map(raise))
  }
}

/** How long a revocation matters yet, in whole milliseconds, 1 up. */
function lifeOf({ until }: Revocation, now: number): number {
  return Math.max(1, Math.ceil(until * 1000 - now))
}

function isSame(found: LogRecord | undefined, anchor: LogRecord): boolean {
  return found?.id === anchor.id && found.bytes.equals(anchor.bytes)
}
