import { expect } from 'chai'
import type { Invalidation } from '../../lib/client/invalidation'
import { invalidate } from '../../lib/client/invalidation'
import { Journal } from '../../lib/client/journal'
import { MemoryClient } from '../../lib/client/memory-client'
import { ManualClock } from '../support/manual-clock'

const LONG_MS = 60_000
const EVERYTHING = { counter: 'counter', stamps: ['floor'], ttlMs: LONG_MS }

describe('Journal', () => {
  let store: MemoryClient
  let journal: Journal

  beforeEach(() => {
    store = new MemoryClient({ maxEntries: 5000, maxBytes: 1_000_000 }, new ManualClock())
    journal = new Journal(10, EVERYTHING)
  })

  async function fill(...keys: string[]): Promise<void> {
    for (const key of keys) await store.set(key, Buffer.from('old'), LONG_MS)
  }

  async function read(...keys: string[]): Promise<string[]> {
    return (await store.getMany(keys)).map(String)
  }

  const send = (invalidation: Invalidation) => invalidate(store, invalidation)
  const fail = () => Promise.reject(new Error('down'))

  it('deletes what was noted as deleted, and forgets it', async () => {
    await fill('a', 'b', 'c')
    journal.note({ keys: ['a', 'b'] })
    expect(await journal.replay(send)).to.equal(2)
    expect(await read('a', 'b', 'c')).to.deep.equal(['undefined', 'undefined', 'old'])
    expect(journal.size).to.equal(0)
  })

  it('advances the counter and writes the stamps that were noted', async () => {
    const before = await store.ensureStamps('counter', ['tag 1', 'tag 2', 'tag 3'], LONG_MS)
    journal.note({ counter: 'counter', stamps: ['tag 1', 'tag 2'], ttlMs: LONG_MS })
    expect(await journal.replay(send)).to.equal(2)
    const after = before.replace(/\.0$/, '.1')
    expect(await read('counter', 'tag 1', 'tag 2', 'tag 3')).to.deep.equal([after, after, after, before])
  })

  it('keeps the counters of different namespaces apart', async () => {
    await store.ensureStamps('counter', [], LONG_MS)
    await store.ensureStamps('another', [], LONG_MS)
    journal.note({ counter: 'counter', stamps: ['tag'], ttlMs: LONG_MS })
    journal.note({ counter: 'another', stamps: ['its tag'], ttlMs: LONG_MS })
    await journal.replay(send)
    const [counter, another, tag, itsTag] = await read('counter', 'another', 'tag', 'its tag')
    expect([tag, itsTag]).to.deep.equal([counter, another])
  })

  it('counts a change once, however often it is noted', async () => {
    journal.note({ keys: ['a', 'a'] })
    journal.note({ keys: ['a'] })
    journal.note({ counter: 'counter', stamps: ['tag'], ttlMs: LONG_MS })
    journal.note({ counter: 'counter', stamps: ['tag'], ttlMs: LONG_MS })
    expect(journal.size).to.equal(2)
    expect(await journal.replay(send)).to.equal(2)
  })

  it('brings over more than fits into one command', async () => {
    journal = new Journal(5000, EVERYTHING)
    const keys = Array.from({ length: 1234 }, (_, index) => `key ${String(index)}`)
    await fill(...keys)
    journal.note({ keys })
    expect(await journal.replay(send)).to.equal(1234)
    expect(await store.size()).to.equal(0)
  })

  it('has nothing to send when nothing was noted', async () => {
    expect(await journal.replay(fail)).to.equal(0)
  })

  it('rejects as the store does, and keeps what has not arrived', async () => {
    await fill('a')
    await store.ensureStamps('counter', ['tag'], LONG_MS)
    journal.note({ keys: ['a'] })
    journal.note({ counter: 'counter', stamps: ['tag'], ttlMs: LONG_MS })
    expect(await journal.replay(fail).catch(String)).to.equal('Error: down')
    expect(journal.size).to.equal(2)
    expect(await journal.replay(send)).to.equal(2)
    const [a, tag] = await read('a', 'tag')
    expect(a).to.equal('undefined')
    expect(tag).to.match(/\.1$/)
  })

  it('brings over what is noted while it replays, also once more what it is just sending', async () => {
    await fill('a', 'b')
    journal.note({ keys: ['a'] })
    let isFirst = true
    const count = await journal.replay(async (invalidation) => {
      await send(invalidation)
      if (!isFirst) return
      isFirst = false
      await fill('a')
      journal.note({ keys: ['a', 'b'] })
    })
    expect(count).to.equal(3)
    expect(await read('a', 'b')).to.deep.equal(['undefined', 'undefined'])
  })

  describe('past its bound', () => {
    const many = Array.from({ length: 11 }, (_, index) => `key ${String(index)}`)

    it('keeps one change for all: everything is invalid', async () => {
      await fill(...many)
      const before = await store.ensureStamps('counter', ['floor'], LONG_MS)
      journal.note({ keys: many })
      expect(journal.size).to.equal(1)
      expect(await journal.replay(send)).to.equal(1)
      expect(await read('counter', 'floor')).to.deep.equal([
        before.replace(/\.0$/, '.1'),
        before.replace(/\.0$/, '.1'),
      ])
    })

    it('notes nothing more, until that has arrived', async () => {
      journal.note({ keys: many })
      journal.note({ keys: ['one more'] })
      journal.note({ counter: 'counter', stamps: ['tag'], ttlMs: LONG_MS })
      expect(journal.size).to.equal(1)
      await journal.replay(send)
      journal.note({ keys: ['one more'] })
      expect(journal.size).to.equal(1)
      await fill('one more')
      await journal.replay(send)
      expect(await read('one more')).to.deep.equal(['undefined'])
    })

    it('is not reached by as many changes as it allows', () => {
      journal.note({ keys: many.slice(1) })
      expect(journal.size).to.equal(10)
    })

    it('keeps that everything is invalid when it could not be sent', async () => {
      journal.note({ keys: many })
      await journal.replay(fail).catch(() => undefined)
      expect(journal.size).to.equal(1)
      await store.ensureStamps('counter', ['floor'], LONG_MS)
      await journal.replay(send)
      const [floor] = await read('floor')
      expect(floor).to.match(/\.1$/)
    })
  })
})
