import { RedisServer } from '../../support/redis-server'
import { quantile, Served } from './served'
import type { Measured } from './served'
import type { Contender } from './site'

const ROUNDS = 9
const ROUND_MS = 700
/** Some ten thousand requests: before that, V8 is still busy with making the code fast that they run through. */
const WARM_UP = { connections: 100, ms: 3000 }

let asked = 0

/** The same page again and again, or each time another one. */
const PATHS = {
  hits: () => '/',
  misses: () => `/?page=${String((asked += 1))}`,
}

/** What is put to which contenders, over how many connections; the first of them is 1. */
const RUNS: readonly {
  readonly of: keyof typeof PATHS
  /** How long the route waits for what it answers, as it would for a database, in milliseconds. */
  readonly waitMs: number
  readonly connections: number
  readonly contenders: readonly Contender[]
}[] = [
  {
    of: 'hits',
    waitMs: 0,
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
  ...([0, 5] as const).flatMap((waitMs) =>
    [1, 32].map((connections) => ({
      of: 'misses' as const,
      waitMs,
      connections,
      contenders: [
        'no cache',
        'body copied',
        'stored by hand',
        'holdfast, no ttl',
        'holdfast',
        'stored by hand, Redis',
        'holdfast, Redis',
      ] as const,
    })),
  ),
]

/**
 * Responses of 10 KB over HTTP, in turns: hits against a middleware by hand that ends the response with a Buffer from a
 * Map, and misses against no cache: those of a route that only writes JSON, and of one that waits for its data. Of each the rate, the processor time of the site for one request, and the median and
 * 99th percentile of the time to the client, as ratios to the first.
 */
async function compareResponses(): Promise<void> {
  const only = process.argv[2]
  const redis = await RedisServer.start()
  for (const { of, waitMs, connections, contenders } of RUNS) {
    if (only !== undefined && only !== of) continue
    const sites = new Map<Contender, Served>()
    for (const name of contenders) sites.set(name, await Served.start(name, { redisUrl: redis.url, waitMs }))
    for (const site of sites.values()) await site.measure({ ...WARM_UP, nextPath: PATHS[of] })
    const measured = new Map<Contender, Measured[]>(contenders.map((name) => [name, []]))
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [name, site] of sites) {
        measured.get(name)?.push(await site.measure({ connections, ms: ROUND_MS, nextPath: PATHS[of] }))
      }
    }
    for (const site of sites.values()) site.stop()
    console.log(
      `\n${of} of 10 KB, made in ${String(waitMs)} ms, ${String(connections)} connections: rate, processor time, median, 99th percentile`,
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
