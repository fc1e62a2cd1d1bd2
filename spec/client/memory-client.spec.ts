import { expect } from 'chai'
import sinon from 'sinon'
import { CommandRefusedError } from '../../lib/errors'
import { MemoryClient } from '../../lib/client/memory-client'
import { systemClock } from '../../lib/clock'
import { ManualClock } from '../support/manual-clock'

// That it keeps the promises of the port is in spec/testing/client-contract.spec.ts.
describe('MemoryClient', () => {
  let clock: ManualClock
  let client: MemoryClient

  beforeEach(() => {
    clock = new ManualClock()
    client = new MemoryClient({ maxEntries: 10, maxBytes: 1000 }, clock)
  })

  async function read(key: string): Promise<string | undefined> {
    const [value] = await client.getMany([key])
    return value?.toString()
  }

  describe('in time', () => {
    it('keeps a value for its ttl and no longer', async () => {
      await client.set('a', Buffer.from('1'), 50)
      clock.advance(50)
      expect(await read('a')).to.equal('1')
      clock.advance(1)
      expect(await read('a')).to.equal(undefined)
    })

    it('is not moved by somebody who sets the time of day', async () => {
      await client.set('a', Buffer.from('1'), 50)
      clock.step(1_000_000)
      expect(await read('a')).to.equal('1')
      clock.step(-2_000_000)
      clock.advance(51)
      expect(await read('a')).to.equal(undefined)
    })

    it('keeps the ttl also from the first moment of a clock that begins at zero', async () => {
      let now = 0
      client = new MemoryClient({ maxEntries: 10, maxBytes: 1000 }, { now: () => now, monotonic: () => now })
      await client.set('a', Buffer.from('1'), 50)
      now = 51
      expect(await read('a')).to.equal(undefined)
      expect(await client.size()).to.equal(0)
    })

    it('keeps the ttl under the fake timers of a test framework', async () => {
      const timers = sinon.useFakeTimers()
      try {
        client = new MemoryClient({ maxEntries: 10, maxBytes: 1000 }, systemClock)
        await client.set('a', Buffer.from('1'), 50)
        timers.tick(51)
        expect(await read('a')).to.equal(undefined)
      } finally {
        timers.restore()
      }
    })

    it('gives a value that is set again the new ttl', async () => {
      await client.set('a', Buffer.from('1'), 50)
      await client.set('a', Buffer.from('2'), 500)
      clock.advance(100)
      expect(await read('a')).to.equal('2')
      await client.set('a', Buffer.from('3'), 50)
      clock.advance(51)
      expect(await read('a')).to.equal(undefined)
    })

    describe('with a greatest age', () => {
      beforeEach(() => {
        client = new MemoryClient({ maxEntries: 10, maxBytes: 1000, maxAgeMs: 100 }, clock)
      })

      it('keeps no value for longer, whatever its ttl, and none for longer than its ttl', async () => {
        await client.set('long', Buffer.from('1'), 60_000)
        await client.set('short', Buffer.from('1'), 50)
        clock.advance(51)
        expect(await read('short')).to.equal(undefined)
        clock.advance(49)
        expect(await read('long')).to.equal('1')
        clock.advance(1)
        expect(await read('long')).to.equal(undefined)
      })

      it('keeps for as long as it was told to what says that values are void: stamps and raised numbers', async () => {
        await client.stamp('counter', ['stamp'], 60_000)
        await client.raise('number', 5, 60_000)
        clock.advance(10_000)
        expect(await read('stamp')).to.match(/\.1$/)
        expect(await read('counter')).to.match(/\.1$/)
        expect(await read('number')).to.equal('5')
      })
    })

    it('does not count or list what is past its ttl', async () => {
      await client.set('short', Buffer.from('1'), 50)
      await client.set('long', Buffer.from('1'), 500)
      clock.advance(51)
      expect(await client.size()).to.equal(1)
      expect([...client.keys()]).to.deep.equal(['long'])
    })

    it('keeps the longer life of a raised number, and that of a stamp', async () => {
      await client.raise('number', 5, 500)
      await client.raise('number', 6, 50)
      await client.ensureStamps('counter', ['stamp'], 500)
      await client.ensureStamps('counter', ['stamp'], 50)
      clock.advance(400)
      expect(await read('number')).to.equal('6')
      expect(await read('stamp')).to.match(/\.0$/)
      clock.advance(101)
      expect(await read('number')).to.equal(undefined)
      expect(await read('stamp')).to.equal(undefined)
    })

    it('begins a counter that was lost with another epoch', async () => {
      const before = await client.ensureStamps('counter', [], 50)
      clock.advance(51)
      await client.stamp('counter', [], 50)
      const after = String(await read('counter'))
      expect(after).to.match(/\.1$/)
      expect(after.split('.')[0]).to.not.equal(before.split('.')[0])
    })
  })

  describe('in space', () => {
    it('drops what was not used when it has its most entries', async () => {
      for (let index = 0; index < 10; index += 1)
        await client.set(`key ${String(index)}`, Buffer.from('1'), 500)
      await client.getMany(['key 0'])
      await client.set('one more', Buffer.from('1'), 500)
      expect(await client.size()).to.equal(10)
      expect(await read('key 0')).to.equal('1')
      expect(await read('key 1')).to.equal(undefined)
    })

    it('drops what was there longest, unused, when it has its most bytes, of keys and values together', async () => {
      await client.set('a', Buffer.alloc(499), 500)
      await client.set('b', Buffer.alloc(499), 500)
      expect(await client.size()).to.equal(2)
      await client.set('c', Buffer.alloc(0), 500)
      expect([...client.keys()]).to.deep.equal(['c', 'b'])
      await client.set('k'.repeat(900), Buffer.from('1'), 500)
      expect([...client.keys()]).to.deep.equal(['k'.repeat(900), 'c'])
    })

    it('refuses what is larger than all its room, and keeps no older value in its place', async () => {
      await client.set('a', Buffer.from('old'), 500)
      await client.set('b', Buffer.from('other'), 500)
      const refusal: unknown = await client.set('a', Buffer.alloc(1000), 500).catch((error: unknown) => error)
      expect(refusal).to.be.instanceOf(CommandRefusedError)
      expect(await read('a')).to.equal(undefined)
      expect(await read('b')).to.equal('other')
    })
  })

  describe('leasing', () => {
    it('tells the time that is left, never less than a millisecond', async () => {
      await client.lease('a', 'one', 50)
      clock.advance(20)
      expect(await client.lease('a', 'other', 50)).to.equal(30)
      clock.advance(29.5)
      expect(await client.lease('a', 'other', 50)).to.equal(1)
      clock.advance(0.5)
      expect(await client.lease('a', 'other', 50)).to.equal(0)
    })

    it('is not moved by somebody who sets the time of day', async () => {
      await client.lease('a', 'one', 50)
      clock.step(1_000_000)
      expect(await client.lease('a', 'other', 50)).to.equal(50)
    })

    it('keeps a lease for as long again as it was asked for when it is kept', async () => {
      await client.lease('a', 'one', 50)
      clock.advance(40)
      expect(await client.keepLeases([{ key: 'a', token: 'one' }], 50)).to.deep.equal([true])
      clock.advance(40)
      expect(await client.lease('a', 'other', 50)).to.equal(10)
    })

    it('keeps a lease whose time is up, until another takes it', async () => {
      const lease = { key: 'a', token: 'one' }
      await client.lease('a', 'one', 50)
      clock.advance(50)
      expect(await client.keepLeases([lease], 50)).to.deep.equal([true])
      clock.advance(50)
      expect(await client.lease('a', 'other', 50)).to.equal(0)
      expect(await client.keepLeases([lease], 50)).to.deep.equal([false])
      expect(await client.setLeased('a', Buffer.from('made'), { token: 'one', ttlMs: 50 })).to.equal(false)
    })

    it('counts no lease among its keys', async () => {
      await client.lease('a', 'one', 50)
      expect(await client.size()).to.equal(0)
      expect([...client.keys()]).to.deep.equal([])
    })

    it('ends all leases when it is cleared', async () => {
      await client.lease('a', 'one', 50)
      client.clear()
      expect(await client.lease('a', 'other', 50)).to.equal(0)
    })

    it('ends the lease also where the value is refused', async () => {
      await client.lease('a', 'one', 50)
      const lease = { token: 'one', ttlMs: 50 }
      const refusal: unknown = await client
        .setLeased('a', Buffer.alloc(1000), lease)
        .catch((error: unknown) => error)
      expect(refusal).to.be.instanceOf(CommandRefusedError)
      expect(await client.lease('a', 'other', 50)).to.equal(0)
    })

    it('keeps every lease that has not ended, however many there are', async () => {
      for (let index = 0; index < 5000; index += 1) await client.lease(`ended ${String(index)}`, 'one', 50)
      clock.advance(50)
      for (let index = 0; index < 15_000; index += 1) await client.lease(`held ${String(index)}`, 'one', 50)
      const keys = Array.from({ length: 15_000 }, (_, index) => ({
        key: `held ${String(index)}`,
        token: 'one',
      }))
      expect(await client.keepLeases(keys, 50)).to.not.include(false)
    })
  })

  it('lists its keys, newest first', async () => {
    for (const key of ['a', 'b', 'c']) await client.set(key, Buffer.from('1'), 500)
    expect([...client.keys()]).to.deep.equal(['c', 'b', 'a'])
  })

  it('forgets everything when it is cleared, and when it is closed', async () => {
    await client.set('a', Buffer.from('1'), 500)
    client.clear()
    expect(await client.size()).to.equal(0)
    await client.set('a', Buffer.from('1'), 500)
    await client.close()
    expect(await client.size()).to.equal(0)
  })

  it('keeps what it has when it is disconnected', async () => {
    await client.set('a', Buffer.from('1'), 500)
    client.disconnect()
    await client.connect()
    expect(await read('a')).to.equal('1')
  })
})
