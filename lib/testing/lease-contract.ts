import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { Lease } from '../client/cache-client'
import { eventually, LONG_MS } from './contract-case'
import type { ContractCase } from './contract-case'

const VALUE = Buffer.from('made')

/** What a cache client promises of leases. */
export const leaseContract: readonly ContractCase[] = [
  {
    title: 'gives a lease to one, and tells another for how long it has it',
    async run(client, key) {
      assert.equal(await client.lease(key('leased'), 'one', LONG_MS), 0)
      const left = await client.lease(key('leased'), 'other', LONG_MS)
      assert.ok(Number.isInteger(left) && left >= 1 && left <= LONG_MS, `${String(left)} ms are left`)
      assert.equal(await client.lease(key('free'), 'other', LONG_MS), 0)
    },
  },
  {
    title: 'gives a lease to one of many that ask at once',
    async run(client, key) {
      const asking = Array.from({ length: 20 }, (_, index) =>
        client.lease(key('leased'), `token ${String(index)}`, LONG_MS),
      )
      const answers = await Promise.all(asking)
      assert.equal(answers.filter((left) => left === 0).length, 1)
    },
  },
  {
    title: 'prolongs the lease of who asks for it again',
    async run(client, key) {
      await client.lease(key('leased'), 'one', 500)
      assert.equal(await client.lease(key('leased'), 'one', LONG_MS), 0)
      assert.ok((await client.lease(key('leased'), 'other', LONG_MS)) > 500)
    },
  },
  {
    title: 'ends a lease when its time is up',
    async run(client, key) {
      await client.lease(key('leased'), 'one', 20)
      await delay(40)
      // Until the store's own clock agrees.
      await eventually(async () => (await client.lease(key('leased'), 'other', LONG_MS)) === 0)
      assert.equal(await client.setLeased(key('leased'), VALUE, { token: 'one', ttlMs: LONG_MS }), false)
    },
  },
  {
    title: 'takes no lease for a value, nor a value for a lease',
    async run(client, key) {
      await client.lease(key('leased'), 'one', LONG_MS)
      assert.deepEqual(await client.getMany([key('leased')]), [undefined])
      await client.set(key('stored'), Buffer.from('one'), LONG_MS)
      assert.equal(await client.lease(key('stored'), 'other', LONG_MS), 0)
    },
  },
  {
    title: 'takes, as it reads, the lease of what is not there',
    async run(client, key) {
      await client.set(key('beside'), VALUE, LONG_MS)
      const keys = [key('absent'), key('beside')] as const
      assert.deepEqual(await client.claim(keys, 'one', LONG_MS), { values: [undefined, VALUE], waitMs: 0 })
      const { waitMs = 0 } = await client.claim(keys, 'other', LONG_MS)
      assert.ok(Number.isInteger(waitMs) && waitMs >= 1 && waitMs <= LONG_MS, `${String(waitMs)} ms are left`)
      assert.equal(await client.setLeased(key('absent'), VALUE, { token: 'one', ttlMs: LONG_MS }), true)
    },
  },
  {
    title: 'takes no lease of what is there',
    async run(client, key) {
      await client.set(key('there'), VALUE, LONG_MS)
      const { values, waitMs } = await client.claim([key('there')], 'one', LONG_MS)
      assert.deepEqual([values, waitMs], [[VALUE], undefined])
      assert.deepEqual(await client.keepLeases([{ key: key('there'), token: 'one' }], LONG_MS), [false])
    },
  },
  {
    title: 'ends the lease of a key that is set',
    async run(client, key) {
      await client.lease(key('leased'), 'one', LONG_MS)
      await client.lease(key('other'), 'one', LONG_MS)
      await client.set(key('leased'), VALUE, LONG_MS)
      assert.deepEqual(await client.keepLeases(both(key), LONG_MS), [false, true])
    },
  },
  {
    title: 'ends the lease of a key that is deleted, there or not',
    async run(client, key) {
      await client.lease(key('leased'), 'one', LONG_MS)
      await client.lease(key('other'), 'one', LONG_MS)
      await client.delete([key('leased')])
      assert.deepEqual(await client.keepLeases(both(key), LONG_MS), [false, true])
    },
  },
  {
    title: 'stores a value under a lease that is held, which ends it',
    async run(client, key) {
      const value = Buffer.from([0, 10, 13, 128, 255])
      await client.lease(key('leased'), 'one', LONG_MS)
      assert.equal(await client.setLeased(key('leased'), value, { token: 'one', ttlMs: LONG_MS }), true)
      assert.deepEqual(await client.getMany([key('leased')]), [value])
      assert.equal(await client.setLeased(key('leased'), VALUE, { token: 'one', ttlMs: LONG_MS }), false)
      assert.deepEqual(await client.getMany([key('leased')]), [value])
    },
  },
  {
    title: 'stores nothing under a lease that is not held',
    async run(client, key) {
      await client.lease(key('leased'), 'one', LONG_MS)
      assert.equal(await client.setLeased(key('leased'), VALUE, { token: 'other', ttlMs: LONG_MS }), false)
      assert.equal(await client.setLeased(key('free'), VALUE, { token: 'other', ttlMs: LONG_MS }), false)
      assert.deepEqual(await client.getMany([key('leased'), key('free')]), [undefined, undefined])
      assert.ok((await client.lease(key('leased'), 'other', LONG_MS)) > 0)
    },
  },
  {
    title: 'forgets a value that was stored under a lease when its time is up',
    async run(client, key) {
      await client.lease(key('leased'), 'one', LONG_MS)
      await client.setLeased(key('leased'), VALUE, { token: 'one', ttlMs: 20 })
      await eventually(async () => (await client.getMany([key('leased')]))[0] === undefined)
    },
  },
  {
    title: 'releases the lease of who has it, and of nobody else',
    async run(client, key) {
      await client.lease(key('leased'), 'one', LONG_MS)
      await client.release({ key: key('leased'), token: 'other' })
      await client.release({ key: key('free'), token: 'other' })
      assert.ok((await client.lease(key('leased'), 'other', LONG_MS)) > 0)
      await client.release({ key: key('leased'), token: 'one' })
      assert.equal(await client.lease(key('leased'), 'other', LONG_MS), 0)
    },
  },
  {
    title: 'says of each lease whether it is still held, and takes none',
    async run(client, key) {
      await client.lease(key('mine'), 'one', LONG_MS)
      await client.lease(key('theirs'), 'other', LONG_MS)
      const leases = ['mine', 'theirs', 'free', 'mine'].map((name) => ({ key: key(name), token: 'one' }))
      assert.deepEqual(await client.keepLeases(leases, LONG_MS), [true, false, false, true])
      assert.deepEqual(await client.keepLeases([], LONG_MS), [])
      assert.equal(await client.lease(key('free'), 'other', LONG_MS), 0)
    },
  },
  {
    title: 'prolongs the leases that are kept',
    async run(client, key) {
      await client.lease(key('leased'), 'one', 500)
      await client.keepLeases([{ key: key('leased'), token: 'one' }], LONG_MS)
      assert.ok((await client.lease(key('leased'), 'other', LONG_MS)) > 500)
    },
  },
  {
    title: 'leases keys with blanks, colons, braces and letters beyond ASCII',
    async run(client, key) {
      const names = ['a b:{c}/ü/日本\n', 'a{b', '}', '']
      for (const name of names.map(key)) {
        assert.equal(await client.lease(name, 'ü 1', LONG_MS), 0)
        assert.equal(await client.setLeased(name, VALUE, { token: 'ü 1', ttlMs: LONG_MS }), true)
        assert.deepEqual(await client.getMany([name]), [VALUE])
      }
    },
  },
  {
    title: 'tells, if it tells of changes at all, strings and undefined alone',
    async run(client, key) {
      const told: unknown[] = []
      client.onChange?.((name) => told.push(name))
      await client.lease(key('leased'), 'one', LONG_MS)
      await client.release({ key: key('leased'), token: 'one' })
      await client.getMany([key('read')])
      await client.set(key('read'), VALUE, LONG_MS)
      await delay(20)
      assert.ok(told.every((name) => name === undefined || typeof name === 'string'))
    },
  },
]

function both(key: (name: string) => string): Lease[] {
  return ['leased', 'other'].map((name) => ({ key: key(name), token: 'one' }))
}
