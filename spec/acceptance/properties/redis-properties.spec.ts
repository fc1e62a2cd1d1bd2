import fc from 'fast-check'
import { RedisClient } from '../../../lib/client/redis-client'
import { eventually } from '../../support/eventually'
import { RedisServer } from '../../support/redis-server'
import { failOnUnhandledRejections } from '../../support/unhandled-rejections'
import { anInstance, anOperation } from './arbitraries'
import type { Operation } from './history'
import type { Stage } from './instances'
import { Instances } from './instances'

/** Set these to try others: `SEED=7 RUNS=50`. A failure says which seed it was. */
const SEED = Number(process.env['SEED'] ?? 20_260_917)
const RUNS = Number(process.env['RUNS'] ?? 6)

// What waiting costs is measured elsewhere, on an idle machine.
const LIMITS = { waitMs: 2000, loadMs: 0, maxAgeMs: 30_000 }

type Work = readonly { readonly on: number; readonly operation: Operation }[]

interface Episode {
  /** What is done first, and is in the data set that the server restarts with. */
  readonly saved: Work
  readonly unsaved: Work
  readonly outage:
    'restarts with older data' | 'restarts with all its data' | 'restarts empty' | 'freezes' | 'is flushed'
  readonly meanwhile: Work
  readonly afterwards: Work
}

describe('Two instances over one redis-server, whatever happens to it', function () {
  this.timeout(600_000)
  failOnUnhandledRejections()

  let server: RedisServer

  before(async () => {
    server = await RedisServer.start()
  })

  after(() => server.close())

  it('keep what CONSISTENCY.md promises', async () => {
    const episodes = fc.array(anEpisode(), { minLength: 1, maxLength: 3, size: 'max' })
    await fc.assert(
      fc.asyncProperty(episodes, (each) => run(each, server)),
      // Real time can't be wound back: a smaller counterexample would be another run.
      { seed: SEED, numRuns: RUNS, endOnFailure: true },
    )
  })
})

async function run(episodes: readonly Episode[], server: RedisServer): Promise<void> {
  await server.restart({ dataset: 'empty' })
  const instances = new Instances(new RealStage(server), LIMITS)
  await instances.untilReady(true)
  for (const episode of episodes) await live(episode, instances, server)
  await instances.end()
}

async function live(episode: Episode, instances: Instances, server: RedisServer): Promise<void> {
  await work(episode.saved, instances)
  const older = await server.snapshot()
  await work(episode.unsaved, instances)
  const { outage, meanwhile } = episode
  if (outage === 'is flushed') {
    instances.history.lose(`the store ${outage}`, false)
    await server.command('FLUSHALL')
    await work(meanwhile, instances)
  } else if (outage === 'freezes') {
    instances.history.moment(`the store ${outage}`)
    await server.stop()
    await work(meanwhile, instances)
    await instances.untilReady(false)
    await server.continue()
  } else {
    const newest = await server.snapshot()
    instances.history.lose(`the store ${outage}`, true)
    await server.kill()
    await instances.untilReady(false)
    await work(meanwhile, instances)
    const dataset = {
      'restarts empty': 'empty',
      'restarts with older data': older,
      'restarts with all its data': newest,
    }
    await server.restart({ dataset: dataset[outage] })
  }
  // Some of it meets instances that are not back yet.
  await work(episode.afterwards, instances)
  await instances.untilReady(true)
}

async function work(all: Work, instances: Instances): Promise<void> {
  for (const { on, operation } of all) instances.do(on, operation)
  await instances.idle()
}

class RealStage implements Stage {
  readonly #server: RedisServer

  constructor(server: RedisServer) {
    this.#server = server
  }

  now(): number {
    return performance.now()
  }

  connection(): RedisClient {
    return new RedisClient({ url: this.#server.url })
  }

  async until(condition: () => boolean): Promise<void> {
    await eventually(condition, { withinMs: 15_000 })
  }
}

function anEpisode(): fc.Arbitrary<Episode> {
  const outages: Episode['outage'][] = [
    'restarts with older data',
    'restarts with older data',
    'restarts with all its data',
    'restarts empty',
    'freezes',
    'is flushed',
  ]
  const some = fc.array(fc.record({ on: anInstance(), operation: anOperation() }), {
    maxLength: 12,
    size: 'max',
  })
  return fc.record({
    saved: some,
    unsaved: some,
    outage: fc.constantFrom(...outages),
    meanwhile: some,
    afterwards: some,
  })
}
