import type { Summary } from './summary'

const MOST_MESSAGES = 5

type Column = readonly [title: string, cell: (summary: Summary) => string]

const COLUMNS: readonly Column[] = [
  ['calls', ({ calls }) => String(calls)],
  ['errors', errors],
  ['longest wait', ({ longestMs, unanswered }) => (unanswered > 0 ? '≥ ' : '') + time(longestMs)],
  ['p99', ({ p99Ms }) => time(p99Ms)],
  ['p50', ({ p50Ms }) => time(p50Ms)],
  ['> 150 ms', ({ long }) => String(long)],
  ['loads', ({ loadRatio, laterLoadRatio }) => `${times(loadRatio)} / ${times(laterLoadRatio)}`],
  ['two at once', ({ loadsAtOnce }) => String(loadsAtOnce)],
  ['back after', ({ recoveredInMs }) => (recoveredInMs === undefined ? 'not in 8 s' : time(recoveredInMs))],
  [
    'lost deletes',
    ({ ownLost, othersLost, deleted }) => `${String(ownLost)} / ${String(othersLost)} of ${String(deleted)}`,
  ],
  ['stale reads', ({ staleReads }) => String(staleReads)],
  ['timers late', ({ timerLateMs }) => time(timerLateMs)],
]

// Only a fault that is there first has anything to say about it.
const START: Column = [
  'start-up waits',
  ({ openedInMs }) => (openedInMs === undefined ? 'for ever' : time(openedInMs)),
]

/** What the columns mean, as Markdown. */
export const legend = `- calls, p99, p50: of the 200 times a second that one instance gets or loads a value, in the outage. A load takes 5 ms.
- errors: calls that rejected, and rejections that nobody handles (which end a Node process by default), of both
  instances, from the beginning of the outage to the end of the trial.
- longest wait, > 150 ms: of all its calls (it reads, sets and deletes now and then), in the same time; ≥ where some
  were never answered.
- loads: loader calls in the outage / in the seconds after it, healthy = 1. Two at once: loads of a key that began
  while another one of that key was under way.
- back after: until a write that was made after the fault is in Redis, seen over another connection.
- lost deletes: keys deleted in the outage whose old value could be read again, on the instance that deleted them / on
  the other one. Stale reads: reads that gave a value which the instance itself had changed before, or the other one
  more than 1 s ago (counted from the end of the outage).
- timers late: by how much the process's own timers were late at worst. So much of a wait may be the machine's.`

/** A Markdown table, whose rows are contenders. */
export function table(rows: ReadonlyMap<string, Summary>, hasStart: boolean): string {
  const columns = hasStart ? [START, ...COLUMNS] : COLUMNS
  const lines = [...rows].map(([name, summary]) => [
    summary.crashes.length > 0 ? `${name} (crashed)` : name,
    ...columns.map(([, cell]) => cell(summary)),
  ])
  const head = ['', ...columns.map(([title]) => title)]
  const rule = head.map((_, index) => (index === 0 ? '---' : '---:'))
  return [head, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** What went wrong in words: crashes, and the messages of errors. */
export function notes(rows: ReadonlyMap<string, Summary>): string {
  return [...rows]
    .flatMap(([name, { crashes, messages }]) => [
      ...crashes.map((crash) => `- ${name} crashed: ${oneLine(crash)}`),
      ...[...messages]
        .slice(0, MOST_MESSAGES)
        .map(([message, count]) => `- ${name}: ${String(count)} × ${oneLine(message)}`),
    ])
    .join('\n')
}

function errors({ rejected, unhandled }: Summary): string {
  return unhandled === 0 ? String(rejected) : `${String(rejected)} + ${String(unhandled)} unhandled`
}

function times(ratio: number | undefined): string {
  return ratio === undefined ? '–' : ratio.toFixed(2)
}

function time(milliseconds: number | undefined): string {
  if (milliseconds === undefined) return '–'
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(1)} s`
  return `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, 200)
}
