import { expect } from 'chai'
import { createClient } from 'redis'
import type { RedisClientType } from 'redis'
import { eventually } from '../../support/eventually'
import { RedisServer } from '../../support/redis-server'
import type { Order, Report } from './worker'
import { WorkerProcess } from './worker-process'

/** For how long others wait for a sign of life. */
const LEASE_MS = 200

describe('One load per key, over four processes', function () {
  this.timeout(30_000)
  let server: RedisServer
  let workers: WorkerProcess[]
  let a: WorkerProcess
  let b: WorkerProcess
  let redis: RedisClientType

  before(async () => {
    server = await RedisServer.start()
    redis = await createClient({ url: server.url }).connect()
  })

  beforeEach(async () => {
    await server.command('FLUSHALL')
    workers = await Promise.all(Array.from({ length: 4 }, () => WorkerProcess.start(server.url)))
    ;[a, b] = workers as [WorkerProcess, WorkerProcess]
  })

  afterEach(() => Promise.all(workers.map((worker) => worker.kill())))

  after(async () => {
    redis.destroy()
    await server.close()
  })

  it('runs one loader for a thousand callers, and none for the second wave', async () => {
    const first = await Promise.all(workers.map((worker) => worker.ask('key', { callers: 250 })))
    expect(first.map(({ loads }) => loads).sort()).to.deep.equal([0, 0, 0, 1])
    expect(new Set(first.flatMap(({ answers }) => answers))).to.have.property('size', 1)
    const second = await Promise.all(workers.map((worker) => worker.ask('key', { callers: 250 })))
    expect(second.map(({ loads }) => loads)).to.deep.equal([0, 0, 0, 0])
  })

  it('tells the followers when the value is there, long before the lease is over', async () => {
    const loading = a.loading()
    const leading = a.ask('key', { loadMs: 300 })
    await loading
    const following = await b.ask('key')
    await leading
    expect(following.loads).to.equal(0)
    expect(following.ms).to.be.lessThan(500)
  })

  it('keeps the lease of a load that takes longer than a lease', async () => {
    const loading = a.loading()
    const leading = a.ask('key', { loadMs: 12 * LEASE_MS })
    await loading
    const [{ loads }, { loads: followers, answers }] = await Promise.all([leading, b.ask('key')])
    expect([loads, followers]).to.deep.equal([1, 0])
    expect(answers).to.deep.equal((await leading).answers)
  })

  it('has a follower take over from a leader that has died, within one lease', async () => {
    const loading = a.loading()
    a.ask('key', { loadMs: 60_000 }).catch(() => undefined)
    await loading
    const following = b.ask('key', { loadMs: 0 })
    await a.kill()
    const { loads, ms } = await following
    expect(loads).to.equal(1)
    expect(ms).to.be.lessThan(LEASE_MS + 500)
  })

  it('does not store what a leader has made that was stopped for longer than its lease', async () => {
    const loading = a.loading()
    const leading = a.ask('key', { loadMs: 100 })
    await loading
    a.stop()
    const { answers } = await b.ask('key', { loadMs: 0 })
    a.continue()
    await leading
    const [late] = await Promise.all([workers[2]?.ask('key')])
    expect(late?.answers).to.deep.equal(answers)
  })

  it('does not store what was being made when another process deleted the key', async () => {
    const loading = a.loading()
    const leading = a.ask('key')
    await loading
    expect(await b.tell({ change: 'delete', key: 'key' })).to.equal('redis')
    await leading
    expect(await redis.exists('key')).to.equal(0)
  })

  it('does not let it replace what another process has set', async () => {
    const loading = a.loading()
    const leading = a.ask('key')
    await loading
    expect(await b.tell({ change: 'set', key: 'key' })).to.equal('redis')
    await leading
    const { answers, loads } = await b.ask('key')
    expect([answers, loads]).to.deep.equal([['set'], 0])
  })

  it('does not serve what was being made when another process invalidated its tag', async () => {
    const loading = a.loading()
    const leading = a.ask('key')
    await loading
    expect(await b.tell({ invalidate: 'tag' })).to.equal('redis')
    const { answers } = await leading
    const later = await b.ask('key')
    expect(later.loads).to.equal(1)
    expect(later.answers).to.not.deep.equal(answers)
  })

  it("lets no read join a load that began before another process's delete", async () => {
    const { report: older } = await changedDuringLoad({ change: 'delete', key: 'key' })
    const newer = await a.ask('key', { loadMs: 0 })
    expect(newer.loads).to.equal(1)
    expect((await older).ms).to.be.greaterThan(newer.ms)
  })

  it("gives no read what began to be made before another process's invalidation", async () => {
    const { report: older } = await changedDuringLoad({ invalidate: 'tag' })
    expect((await a.ask('key', { loadMs: 0 })).loads).to.equal(1)
    expect((await older).loads).to.equal(1)
  })

  it('runs each loader that fails for those alone who waited for it', async () => {
    const failed = await Promise.all(workers.map((worker) => worker.ask('key', { loadMs: -1 }).catch(String)))
    expect(failed).to.deep.equal(workers.map(() => 'Error: Error: no value'))
    expect((await a.ask('key', { loadMs: 0 })).loads).to.equal(1)
  })

  /** A load of the first process that is still under way, and what another has changed meanwhile. */
  async function changedDuringLoad(order: Order): Promise<{ report: Promise<Report> }> {
    const loading = a.loading()
    const report = a.ask('key', { loadMs: 500 })
    await loading
    await b.tell(order)
    // What Redis tells of the change comes before this answer, over the same connection.
    await a.ask('another', { loadMs: 0 })
    return { report }
  }

  it('leaves no lease behind', async () => {
    await Promise.all(workers.map((worker) => worker.ask('key', { callers: 10, loadMs: 10 })))
    // Nobody waits for the store.
    await eventually(async () => (await redis.keys('holdfast:lease:*')).length === 0)
  })
})
