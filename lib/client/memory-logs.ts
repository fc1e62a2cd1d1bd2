import type { LogRecord } from './cache-client'

interface Log {
  readonly records: LogRecord[]
  /** What the next id begins with, at least. */
  lastMs: number
  count: number
}

/** The logs of a store in memory. */
export class MemoryLogs {
  readonly #logs = new Map<string, Log>()

  /** Appends to a log, and drops what is older than so many milliseconds. */
  append(
    name: string,
    bytes: Buffer,
    { now, keepMs }: { readonly now: number; readonly keepMs: number },
  ): void {
    const log = this.#logs.get(name) ?? { records: [], lastMs: 0, count: 0 }
    this.#logs.set(name, log)
    if (now > log.lastMs) log.count = 0
    log.lastMs = Math.max(now, log.lastMs)
    log.records.push({ id: `${String(log.lastMs)}-${String(log.count)}`, bytes })
    log.count += 1
    const old = log.records.findIndex(({ id }) => millisecondsOf(id) >= now - keepMs)
    if (old > 0) log.records.splice(0, old)
  }

  /** The records of a log from an id on. */
  read(name: string, from: string, count: number): LogRecord[] {
    const records = this.#logs.get(name)?.records ?? []
    const first = from === '' ? 0 : placeOf(records, from)
    return records.slice(first, first + count)
  }

  /** Forgets everything. */
  clear(): void {
    this.#logs.clear()
  }
}

/** Where the records begin that are not before an id: they are in order, and a long log is read in many parts. */
function placeOf(records: readonly LogRecord[], id: string): number {
  let [first, end] = [0, records.length]
  while (first < end) {
    const middle = (first + end) >> 1
    if (isSameOrLater(records[middle]?.id ?? '', id)) end = middle
    else first = middle + 1
  }
  return first
}

function isSameOrLater(id: string, other: string): boolean {
  const [ms, count] = [millisecondsOf(id) - millisecondsOf(other), numberOf(id) - numberOf(other)]
  return ms > 0 || (ms === 0 && count >= 0)
}

function millisecondsOf(id: string): number {
  return Number(id.split('-')[0])
}

function numberOf(id: string): number {
  return Number(id.split('-')[1] ?? 0)
}
