import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { putUnder } from './load'
import type { Load } from './load'
import type { Contender } from './site'

/** What was measured of a contender. */
export interface Measured {
  /** Requests a second. */
  readonly rate: number
  /** Processor time of the site for one request, in microseconds. */
  readonly processorUs: number
  /** Time to the client, in milliseconds. */
  readonly median: number
  readonly p99: number
}

/** What a contender works with. */
interface Surroundings {
  readonly redisUrl: string
  /** How long its route waits for its data, in milliseconds. */
  readonly waitMs: number
}

/** A contender in a process of its own. */
export class Served {
  readonly #child: ChildProcess
  readonly #port: number

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.#port = port
  }

  static async start(contender: Contender, { redisUrl, waitMs }: Surroundings): Promise<Served> {
    const child = fork(join(__dirname, 'site.ts'), [contender, redisUrl, String(waitMs)], {
      execArgv: ['--import', 'tsx'],
    })
    const [port] = (await once(child, 'message')) as [number]
    return new Served(child, port)
  }

  async measure(load: Omit<Load, 'port'>): Promise<Measured> {
    const before = await this.#processorUs()
    const begun = performance.now()
    const taken = await putUnder({ ...load, port: this.#port })
    const seconds = (performance.now() - begun) / 1000
    const processorUs = ((await this.#processorUs()) - before) / taken.length
    return {
      rate: taken.length / seconds,
      processorUs,
      median: quantile(taken, 0.5),
      p99: quantile(taken, 0.99),
    }
  }

  stop(): void {
    this.#child.disconnect()
  }

  async #processorUs(): Promise<number> {
    this.#child.send('processor')
    const [us] = (await once(this.#child, 'message')) as [number]
    return us
  }
}

/** Of many values the one below which so large a part of them lies. */
export function quantile(values: readonly number[], part: number): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length * part)] ?? Number.NaN
}
