import type { Loads, Report } from './protocol'
import type { TrialResult } from './trial'

const LONG_MS = 150

/** What a row of the table says, over all rounds. */
export interface Summary {
  readonly calls: number
  readonly openedInMs: number | undefined
  readonly rejected: number
  readonly unhandled: number
  readonly unanswered: number
  readonly longestMs: number | undefined
  readonly p99Ms: number | undefined
  readonly p50Ms: number | undefined
  readonly long: number
  /** Loads in the outage and after it, in terms of the healthy rate. */
  readonly loadRatio: number | undefined
  readonly laterLoadRatio: number | undefined
  readonly loadsAtOnce: number
  /** The worst one; none where a round ended without. */
  readonly recoveredInMs: number | undefined
  readonly deleted: number
  readonly ownLost: number
  readonly othersLost: number
  readonly staleReads: number
  readonly timerLateMs: number
  /** Different messages, with how often each came. */
  readonly messages: ReadonlyMap<string, number>
  readonly crashes: readonly string[]
}

/** Takes the rounds of one contender under one fault together. */
export function summarize(results: readonly TrialResult[]): Summary {
  const firsts = results.flatMap(({ first }) => first ?? [])
  const all = results.flatMap(({ first, second }) => [first, second]).filter((report) => report !== undefined)
  const waits = firsts.flatMap((report) => report.waits).sort(byNumber)
  const steadyWaits = firsts.flatMap((report) => report.steadyWaits).sort(byNumber)
  const healthy = rate(firsts, (loads) => loads.healthy)
  const ratio = (loads: number | undefined): number | undefined =>
    loads === undefined || healthy === undefined ? undefined : loads / healthy
  const recoveries = results.map(({ recoveredInMs }) => recoveredInMs)
  return {
    calls: steadyWaits.length,
    openedInMs: highest(firsts.map(({ openedInMs }) => openedInMs)),
    rejected: sum(all, ({ rejections }) => rejections.length),
    unhandled: sum(all, ({ unhandledRejections }) => unhandledRejections.length),
    unanswered: sum(firsts, ({ unanswered }) => unanswered),
    longestMs: waits.at(-1),
    p99Ms: quantile(steadyWaits, 0.99),
    p50Ms: quantile(steadyWaits, 0.5),
    long: waits.filter((wait) => wait > LONG_MS).length,
    loadRatio: steadyWaits.length === 0 ? undefined : ratio(rate(firsts, (loads) => loads.outage)),
    laterLoadRatio: ratio(rate(firsts, (loads) => loads.over)),
    loadsAtOnce: sum(firsts, ({ loadsAtOnce }) => loadsAtOnce),
    recoveredInMs: highest(recoveries),
    deleted: sum(all, ({ changes }) => changes.deleted),
    ownLost: sum(all, ({ changes }) => changes.ownLost),
    othersLost: sum(all, ({ changes }) => changes.othersLost),
    staleReads: sum(all, ({ changes }) => changes.staleReads),
    timerLateMs: highest(firsts.map(({ timerLateMs }) => timerLateMs)) ?? 0,
    messages: tally(
      all.flatMap(({ rejections, unhandledRejections }) => [...rejections, ...unhandledRejections]),
    ),
    crashes: results.flatMap(({ crashes }) => crashes),
  }
}

/** Loads a second in a phase; none where the phase did not come. */
function rate(reports: readonly Report[], of: (loads: Report['loads']) => Loads): number | undefined {
  const overMs = sum(reports, ({ loads }) => of(loads).overMs)
  return overMs === 0 ? undefined : (sum(reports, ({ loads }) => of(loads).count) / overMs) * 1000
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}

/** The highest, unless one is missing. */
function highest(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length < values.length || known.length === 0 ? undefined : Math.max(...known)
}

function quantile(sorted: readonly number[], part: number): number | undefined {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]
}

function byNumber(one: number, other: number): number {
  return one - other
}

function tally(messages: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const message of messages) counts.set(message, (counts.get(message) ?? 0) + 1)
  return counts
}
