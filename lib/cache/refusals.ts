import { describeCause } from '../errors'
import type { Logger } from '../logger'
import type { Counters } from '../observe/stats'

const MOST_PATTERNS = 100
const NAME = /^[a-z][a-z_-]{0,29}$/i

/** Values that were not stored: each is counted, and said in the log once for keys of one pattern. */
export class Refusals {
  readonly #counters: Counters
  readonly #logger: Logger
  readonly #said = new Set<string>()

  constructor(counters: Counters, logger: Logger) {
    this.#counters = counters
    this.#logger = logger
  }

  /** Notes that the value of a key was not stored, and why. */
  note(key: string, error: unknown): void {
    this.#counters.refused += 1
    const keys = patternOf(key)
    if (this.#said.has(keys) || this.#said.size >= MOST_PATTERNS) return
    this.#said.add(keys)
    const cause =
      error instanceof Error ? describeCause(error).split('\n', 1)[0] : 'what was thrown is no error'
    this.#logger.warn('Cache value not stored', { keys, cause })
  }
}

/** What keys of a kind have in common: the word they begin with. What comes behind may name a person. */
function patternOf(key: string): string {
  const [first = '', ...rest] = key.split(':')
  const name = NAME.test(first) ? first : '*'
  return rest.length === 0 ? name : `${name}:*`
}
