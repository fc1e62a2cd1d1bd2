import { parseArgs } from 'node:util'
import { contenders } from './contenders/roster'
import { faults } from './faults'

/** What is run. */
export interface RunOptions {
  readonly rounds: number
  readonly faults: readonly string[]
  readonly contenders: readonly string[]
  /** How many contenders are measured side by side, each with a Redis of its own. */
  readonly atOnce: number
}

/**
 * Reads the command line: `--rounds 3 --faults killed,frozen --contenders holdfast --at-once 1`. A contender is
 * named by the beginning of its name.
 *
 * @throws for what it does not know.
 */
export function readOptions(args: string[]): RunOptions {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string', default: '1' },
      faults: { type: 'string', default: '' },
      contenders: { type: 'string', default: '' },
      'at-once': { type: 'string', default: '3' },
    },
  })
  return {
    rounds: count('rounds', values.rounds),
    faults: choose('faults', values.faults, Object.keys(faults)),
    contenders: choose('contenders', values.contenders, Object.keys(contenders)),
    atOnce: count('at-once', values['at-once']),
  }
}

function count(name: string, text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  throw new Error(`--${name}: expected a whole number from 1 up, got '${text}'`)
}

/** Those that are asked for, in their own order; all where none is. */
function choose(name: string, text: string, known: readonly string[]): string[] {
  const asked = text.split(',').filter((word) => word !== '')
  const stranger = asked.find((word) => !known.some((one) => one.startsWith(word)))
  if (stranger !== undefined)
    throw new Error(`--${name}: expected some of ${known.join('; ')}, got '${stranger}'`)
  return asked.length === 0 ? [...known] : known.filter((one) => asked.some((word) => one.startsWith(word)))
}
