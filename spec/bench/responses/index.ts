import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import autocannon from 'autocannon'
import type { Contender } from './site'

const CONTENDERS: readonly Contender[] = ['by hand', 'holdfast', 'res.send', 'res.json', 'no cache', 'a miss']
const ROUNDS = 3
const SECONDS = 2
const CONNECTIONS = 10

/**
 * Hits of a response of 10 KB, in turns, against a middleware by hand that ends the response with a Buffer from a Map:
 * prints the rate and the 99th percentile of the latency of each as ratios to that. `no cache` and `a miss` are to be
 * read against each other.
 */
async function compareResponses(): Promise<void> {
  const sites = new Map<Contender, { child: ChildProcess; url: string }>()
  for (const name of CONTENDERS) {
    const child = fork(join(__dirname, 'site.ts'), [name], { execArgv: ['--import', 'tsx'] })
    const [port] = (await once(child, 'message')) as [number]
    sites.set(name, { child, url: `http://127.0.0.1:${String(port)}/` })
  }
  const rates = new Map<Contender, number[]>()
  const tails = new Map<Contender, number[]>()
  for (let round = -1; round < ROUNDS; round += 1) {
    for (const [name, { url }] of sites) {
      const duration = round === -1 ? 1 : SECONDS
      const { requests, latency } = await autocannon({ url, connections: CONNECTIONS, duration })
      // The first round warms up.
      if (round === -1) continue
      rates.set(name, [...(rates.get(name) ?? []), requests.average])
      tails.set(name, [...(tails.get(name) ?? []), latency.p99])
    }
  }
  for (const { child } of sites.values()) child.disconnect()
  const rateOf = (name: Contender): number => median(rates.get(name) ?? [])
  const tailOf = (name: Contender): number => median(tails.get(name) ?? [])
  console.log('\nresponses of 10 KB: rate, 99th percentile')
  for (const name of CONTENDERS) {
    const rate = (rateOf(name) / rateOf('by hand')).toFixed(2)
    const tail = (tailOf(name) / Math.max(1, tailOf('by hand'))).toFixed(2)
    console.log(`  ${rate.padStart(6)} ${tail.padStart(6)}  ${name}`)
  }
  console.log(`  a miss of holdfast, no cache = 1: ${(rateOf('a miss') / rateOf('no cache')).toFixed(2)}`)
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

void compareResponses()
