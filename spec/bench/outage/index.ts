import { contenders } from './contenders/roster'
import type { Fault } from './faults'
import { faults } from './faults'
import type { RunOptions } from './run-options'
import { readOptions } from './run-options'
import { summarize } from './summary'
import { surroundings } from './surroundings'
import { legend, notes, table } from './table'
import { Trial } from './trial'
import type { TrialResult } from './trial'

/** Prints a table for each fault: what it costs the callers of holdfast and of its peers. */
async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2))
  console.log(`Measured on ${await surroundings()}. Rounds: ${String(options.rounds)}.\n\n${legend}\n`)
  for (const name of options.contenders) console.log(`- ${name}: ${contenders[name]?.setUp ?? ''}.`)
  for (const name of options.faults) {
    const fault = faults[name]
    if (fault !== undefined) await compare(fault, options)
  }
}

async function compare(fault: Fault, { rounds, contenders: names, atOnce }: RunOptions): Promise<void> {
  const results = new Map<string, TrialResult[]>(names.map((name) => [name, []]))
  for (let round = 0; round < rounds; round += 1) {
    for (const group of groups(rotate(names, round), atOnce)) {
      for (const [name, result] of await runTogether(group, fault)) results.get(name)?.push(result)
    }
  }
  const rows = new Map([...results].map(([name, rounds]) => [name, summarize(rounds)]))
  console.log(`\n## ${fault.title}\n\n${table(rows, fault.isThereFirst === true)}`)
  const remarks = notes(rows)
  if (remarks !== '') console.log(`\n${remarks}`)
}

/** Each with a Redis of its own. Processes are started and ended while nothing is measured. */
async function runTogether(
  names: readonly string[],
  fault: Fault,
): Promise<(readonly [name: string, result: TrialResult])[]> {
  const trials = await Promise.all(
    names.map(async (name) => [name, await Trial.prepare(name, fault)] as const),
  )
  try {
    return await Promise.all(trials.map(async ([name, trial]) => [name, await trial.measure()] as const))
  } finally {
    await Promise.all(trials.map(([, trial]) => trial.close()))
  }
}

/** Who comes first changes from round to round. */
function rotate<Item>(items: readonly Item[], by: number): Item[] {
  const at = by % items.length
  return [...items.slice(at), ...items.slice(0, at)]
}

function groups<Item>(items: readonly Item[], size: number): Item[][] {
  const count = Math.ceil(items.length / size)
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size))
}

/**
 * Ends the process, now that all is printed. Node 20 may turn for ever in its own cleaning up after a socket that
 * was reset while it was being ended, as those of a flapping wire are.
 */
function end(): void {
  process.stdout.write('', () => process.exit())
}

void main().then(end)
