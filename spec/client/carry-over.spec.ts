import { expect } from 'chai'
import type { ClientEvents } from 'holdfast'
import { CarryOver } from '../../lib/client/carry-over'
import { HistoryProof } from '../../lib/client/history-proof'
import type { Send } from '../../lib/client/invalidation'
import { Journal } from '../../lib/client/journal'
import { OutageReport } from '../../lib/client/outage-report'
import { Events } from '../../lib/events'
import { FakePrimary } from '../support/fake-primary'
import { RecordingLogger } from '../support/recording-logger'
import { rejection } from '../support/rejection'

const LONG_MS = 60_000
const BOUND = 4
const EVERYTHING = { counter: 'counter', stamps: ['floor'], ttlMs: LONG_MS }
const STAMPING = { counter: 'counter', stamps: ['tag'], ttlMs: LONG_MS }
const NEW_CONNECTION = false
const SAME_CONNECTION = true

describe('CarryOver', () => {
  let redis: FakePrimary
  let logger: RecordingLogger
  let carryOver: CarryOver

  beforeEach(() => {
    redis = new FakePrimary()
    logger = new RecordingLogger()
    const report = new OutageReport(logger, new Events<ClientEvents>(logger))
    const changes = { journal: new Journal(BOUND, EVERYTHING), history: new HistoryProof('anchor:', BOUND) }
    carryOver = new CarryOver(changes, report)
  })

  const send: Send = (command) => command(redis)
  const sender = { send, sendPatiently: send }

  async function fill(...keys: string[]): Promise<void> {
    for (const key of keys) await redis.store.set(key, Buffer.from('old'), LONG_MS)
  }

  function keys(): string[] {
    return [...redis.store.keys()].filter((key) => !key.startsWith('anchor:')).sort()
  }

  function handOver(name: string, { pending = 0, told = [] as unknown[] } = {}): () => void {
    return carryOver.add({
      bring: async (sendIt, lacksSince) => {
        told.push([name, lacksSince === Infinity])
        await sendIt((client) => client.raise(name, 1, LONG_MS))
      },
      pending: () => pending,
    })
  }

  describe('what Redis was never told', () => {
    it('is brought over once, and counted', async () => {
      await fill('a', 'b', 'c')
      const before = await redis.store.ensureStamps('counter', ['tag'], LONG_MS)
      carryOver.note({ keys: ['a', 'b'] })
      carryOver.note(STAMPING)
      expect(carryOver.pending).to.equal(3)
      expect(await carryOver.bring(sender, NEW_CONNECTION)).to.deep.equal({ replayed: 3, everything: false })
      expect(keys()).to.deep.equal(['c', 'counter', 'tag'])
      expect(await redis.text('tag')).to.equal(before.replace(/\.0$/, '.1'))
      expect(carryOver.pending).to.equal(0)
    })

    it('is everything where it is more than is noted one by one, which is said once', async () => {
      carryOver.note({ keys: ['a', 'b', 'c', 'd'] })
      expect(logger.lines).to.deep.equal([])
      carryOver.note({ keys: ['e'] })
      carryOver.note({ keys: ['f'] })
      expect(await carryOver.bring(sender, NEW_CONNECTION)).to.deep.equal({ replayed: 1, everything: true })
      expect(await redis.text('floor')).to.match(/\.1$/)
      expect(logger.messages()).to.deep.equal([
        'Too much has changed to be noted one by one: Redis will be told that all of it is void',
      ])
    })

    it('is brought over also where it is noted meanwhile', async () => {
      await fill('a', 'b')
      carryOver.note({ keys: ['a'] })
      let isFirst = true
      const noting: Send = async (command) => {
        const result = await command(redis)
        if (isFirst && redis.calls.at(-1) === 'delete') {
          isFirst = false
          carryOver.note({ keys: ['b'] })
        }
        return result
      }
      expect(await carryOver.bring({ send: noting, sendPatiently: noting }, NEW_CONNECTION)).to.deep.equal({
        replayed: 2,
        everything: false,
      })
      expect(keys()).to.deep.equal([])
    })

    it('is brought over the next time where Redis fails', async () => {
      await fill('a')
      carryOver.note({ keys: ['a'] })
      redis.failing.add('delete')
      expect(await rejection(carryOver.bring(sender, NEW_CONNECTION))).to.have.property('message', 'down')
      expect(carryOver.pending).to.equal(1)
      redis.failing.clear()
      await carryOver.bring(sender, NEW_CONNECTION)
      expect(keys()).to.deep.equal([])
    })
  })

  describe('what Redis was told', () => {
    it('is brought again where Redis has forgotten it, with one line about it', async () => {
      await carryOver.bring(sender, NEW_CONNECTION)
      await fill('a', 'b')
      await redis.store.ensureStamps('counter', ['tag'], LONG_MS)
      const goBack = await redis.snapshot()
      await carryOver.deliver({ keys: ['a'] }, send)
      await carryOver.deliver(STAMPING, send)
      expect(keys()).to.deep.equal(['b', 'counter', 'tag'])
      await redis.store.delete(['b'])
      // As after a write that Redis has taken.
      carryOver.acknowledge({ keys: ['b'] })
      expect(await carryOver.prove(send, SAME_CONNECTION)).to.equal(true)
      await goBack()
      expect(keys()).to.deep.equal(['a', 'b', 'counter', 'tag'])
      expect(await carryOver.bring(sender, NEW_CONNECTION)).to.deep.equal({ replayed: 3, everything: false })
      expect(keys()).to.deep.equal(['counter', 'tag'])
      expect(await redis.text('tag')).to.match(/\.1$/)
      expect(logger.lines).to.deep.equal([
        {
          level: 'warn',
          message: 'Redis has gone back in time: what was changed since is brought again',
          details: { changes: 3 },
        },
      ])
    })

    it('is brought again where Redis may have forgotten it, with nothing to say of', async () => {
      await carryOver.bring(sender, NEW_CONNECTION)
      await carryOver.deliver({ keys: ['a'] }, send)
      await fill('a')
      expect(await carryOver.bring(sender, NEW_CONNECTION)).to.deep.equal({ replayed: 1, everything: false })
      expect(keys()).to.deep.equal([])
      expect(logger.lines).to.deep.equal([])
    })

    it('is everything where Redis has forgotten more than is remembered', async () => {
      await carryOver.bring(sender, NEW_CONNECTION)
      await carryOver.deliver({ keys: ['a', 'b', 'c', 'd', 'e'] }, send)
      redis.store.clear()
      expect(await carryOver.bring(sender, NEW_CONNECTION)).to.deep.equal({ replayed: 1, everything: true })
      expect(await redis.text('floor')).to.match(/\.1$/)
      expect(logger.lines[0]?.details).to.deep.equal({ changes: 'everything' })
    })

    it('is remembered as what was brought over, also once more', async () => {
      carryOver.note({ keys: ['a'] })
      await carryOver.bring(sender, NEW_CONNECTION)
      await carryOver.prove(send, SAME_CONNECTION)
      for (let time = 0; time < 2; time += 1) {
        redis.store.clear()
        await fill('a')
        expect(await carryOver.bring(sender, NEW_CONNECTION)).to.deep.equal({
          replayed: 1,
          everything: false,
        })
        expect(keys()).to.deep.equal([])
      }
    })

    it('is not remembered where it was not carried out', async () => {
      await carryOver.bring(sender, NEW_CONNECTION)
      redis.failing.add('delete')
      await rejection(carryOver.deliver({ keys: ['a'] }, send))
      redis.failing.clear()
      expect(await carryOver.bring(sender, NEW_CONNECTION)).to.deep.equal({ replayed: 0, everything: false })
    })
  })

  describe('the proof', () => {
    it('says whether Redis lacks nothing', async () => {
      await carryOver.bring(sender, NEW_CONNECTION)
      expect(await carryOver.prove(send, SAME_CONNECTION)).to.equal(true)
      await carryOver.deliver({ keys: ['a'] }, send)
      expect(await carryOver.prove(send, SAME_CONNECTION)).to.equal(true)
      redis.store.clear()
      expect(await carryOver.prove(send, SAME_CONNECTION)).to.equal(false)
      expect(carryOver.pending).to.equal(1)
    })

    it('says so also where nothing of the cache is lost: other parts may lack something', async () => {
      await carryOver.bring(sender, NEW_CONNECTION)
      redis.store.clear()
      expect(await carryOver.prove(send, SAME_CONNECTION)).to.equal(false)
      expect(carryOver.pending).to.equal(0)
    })

    it('rejects as Redis does', async () => {
      redis.mode = 'down'
      expect(await rejection(carryOver.prove(send, SAME_CONNECTION))).to.have.property('message', 'down')
    })
  })

  describe('parts with state of their own', () => {
    it('bring theirs in their order, after the proof and before the changes', async () => {
      handOver('first')
      handOver('second')
      carryOver.note({ keys: ['a'] })
      await carryOver.bring(sender, NEW_CONNECTION)
      expect(redis.calls).to.deep.equal(['set', 'getMany', 'raise', 'raise', 'delete'])
    })

    it('are told whether Redis is known to have all that it acknowledged', async () => {
      const told: unknown[] = []
      handOver('part', { told })
      // First of all it is not known.
      await carryOver.bring(sender, NEW_CONNECTION)
      await carryOver.bring(sender, SAME_CONNECTION)
      await carryOver.bring(sender, NEW_CONNECTION)
      await carryOver.bring(sender, SAME_CONNECTION)
      redis.store.clear()
      await carryOver.bring(sender, SAME_CONNECTION)
      expect(told.map((one) => (one as unknown[])[1])).to.deep.equal([false, true, false, true, false])
    })

    it('are told that it is not for as long as it has not been brought to them all', async () => {
      const told: unknown[] = []
      handOver('part', { told })
      await carryOver.bring(sender, NEW_CONNECTION)
      redis.store.clear()
      expect(await carryOver.prove(send, SAME_CONNECTION)).to.equal(false)
      redis.failing.add('raise')
      await rejection(carryOver.bring(sender, SAME_CONNECTION))
      redis.failing.clear()
      await carryOver.bring(sender, SAME_CONNECTION)
      await carryOver.bring(sender, SAME_CONNECTION)
      expect(told.map((one) => (one as unknown[])[1])).to.deep.equal([false, false, false, true])
    })

    it('keep all from being over as long as they fail', async () => {
      handOver('part')
      carryOver.note({ keys: ['a'] })
      redis.failing.add('raise')
      expect(await rejection(carryOver.bring(sender, NEW_CONNECTION))).to.have.property('message', 'down')
      expect(redis.count('delete')).to.equal(0)
      expect(carryOver.pending).to.equal(1)
    })

    it('count what Redis has not got of theirs', () => {
      handOver('one', { pending: 2 })
      handOver('another', { pending: 3 })
      carryOver.note({ keys: ['a'] })
      expect(carryOver.pending).to.equal(6)
    })

    it('are left out once they are taken away', async () => {
      const takeAway = handOver('part', { pending: 2 })
      takeAway()
      expect(carryOver.pending).to.equal(0)
      await carryOver.bring(sender, NEW_CONNECTION)
      expect(redis.count('raise')).to.equal(0)
    })
  })

  it('leaves nothing behind in Redis', async () => {
    await carryOver.bring(sender, NEW_CONNECTION)
    expect(await redis.store.size()).to.equal(1)
    await carryOver.end(send)
    expect(await redis.store.size()).to.equal(0)
  })
})
