import { RedisServer } from '../../support/redis-server'
import { quantile, Served } from './served'
import type { Measured } from './served'
import type { Contender } from './site'

const ROUNDS = 9
const ROUND_MS = 700

let asked = 0

/** The same page again and again, or each time another one. */
const PATHS = {
  hits: () => '/',
  misses: () => `/?page=${String((asked += 1))}`,
}

/** What is put to which contenders, over how many connections; the first of them is 1. */
const RUNS: readonly {
  readonly of: keyof typeof PATHS
  readonly connections: number
  readonly contenders: readonly Contender[]
}[] = [
  {
    of: 'hits',
    connections: 10,
    contenders: [
      'by hand',
      'holdfast',
      'holdfast, Redis',
      'holdfast, Redis, no near cache',
      'res.send',
      'res.json',
    ],
  },
  ...[1, 32].map((connections) => ({
    of: 'misses' as const,
    connections,
    contenders: ['res.json', 'holdfast', 'holdfast, Redis', 'holdfast, no ttl'] as const,
  })),
]

/**
 * Responses of 10 KB over HTTP, in turns: hits against a middleware by hand that ends the response with a Buffer from a
 * Map, and misses against no cache. Of each the rate, the processor time of the site for one request, and the median and
 * 99th percentile of the time to the client, as ratios to the first.
 */
async function compareResponses(): Promise<void> {
  const only = process.argv[2]
  const redis = await RedisServer.start()
  for (const { of, connections, contenders } of RUNS) {
    if (only !== undefined && only !== of) continue
    const sites = new Map<Contender, Served>()
    for (const name of contenders) sites.set(name, await Served.start(name, redis.url))
    const measured = new Map<Contender, Measured[]>(contenders.map((name) => [name, []]))
    for (let round = -1; round < ROUNDS; round += 1) {
      for (const [name, site] of sites) {
        const one = await site.measure({ connections, ms: ROUND_MS, nextPath: PATHS[of] })
        // The first round warms up.
        if (round >= 0) measured.get(name)?.push(one)
      }
    }
    for (const site of sites.values()) site.stop()
    console.log(
      `\n${of} of 10 KB, ${String(connections)} connections: rate, processor time, median, 99th percentile`,
    )
    print(measured)
  }
  await redis.close()
}

function print(measured: ReadonlyMap<Contender, readonly Measured[]>): void {
  const [first = []] = measured.values()
  for (const [name, rounds] of measured) {
    const ratios = (['rate', 'processorUs', 'median', 'p99'] as const).map((figure) =>
      (medianOf(rounds, figure) / medianOf(first, figure)).toFixed(2).padStart(6),
    )
    console.log(`  ${ratios.join(' ')}  ${name} (${medianOf(rounds, 'processorUs').toFixed(0)} µs)`)
  }
}

function medianOf(rounds: readonly Measured[], figure: keyof Measured): number {
  return quantile(
    rounds.map((round) => round[figure]),
    0.5,
  )
}

void compareResponses()
