import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { eventually, LONG_MS } from './contract-case'
import type { ContractCase } from './contract-case'
import { leaseContract } from './lease-contract'
import { logContract } from './log-contract'

/**
 * What a cache client must do, for authors of one to run with the test framework of their choice.
 *
 * @example
 * for (const { title, run } of clientContract) {
 *   it(title, () => run(client, (name) => `${title}:${name}`))
 * }
 */
export const clientContract: readonly ContractCase[] = [
  {
    title: 'answers undefined for a key that is not there',
    async run(client, key) {
      assert.deepEqual(await client.getMany([key('absent')]), [undefined])
    },
  },
  {
    title: 'answers what was set, byte for byte',
    async run(client, key) {
      const value = Buffer.from([0, 1, 10, 13, 127, 128, 255])
      await client.set(key('bytes'), value, LONG_MS)
      assert.deepEqual(await client.getMany([key('bytes')]), [value])
    },
  },
  {
    title: 'answers many keys in the order in which they were asked for',
    async run(client, key) {
      await client.set(key('a'), Buffer.from('1'), LONG_MS)
      await client.set(key('c'), Buffer.from('3'), LONG_MS)
      const found = await client.getMany([key('c'), key('b'), key('a')])
      assert.deepEqual(found.map(String), ['3', 'undefined', '1'])
    },
  },
  {
    title: 'takes empty lists of keys',
    async run(client) {
      assert.deepEqual(await client.getMany([]), [])
      await client.delete([])
    },
  },
  {
    title: 'keeps an empty value apart from none',
    async run(client, key) {
      await client.set(key('empty'), Buffer.alloc(0), LONG_MS)
      assert.equal((await client.getMany([key('empty')]))[0]?.length, 0)
    },
  },
  {
    title: 'puts a value in the place of an older one',
    async run(client, key) {
      await client.set(key('same'), Buffer.from('old'), LONG_MS)
      await client.set(key('same'), Buffer.from('new'), LONG_MS)
      assert.deepEqual((await client.getMany([key('same')])).map(String), ['new'])
    },
  },
  {
    title: 'takes away what was deleted, and only that',
    async run(client, key) {
      await client.set(key('gone'), Buffer.from('1'), LONG_MS)
      await client.set(key('kept'), Buffer.from('2'), LONG_MS)
      await client.delete([key('gone'), key('never was there')])
      assert.deepEqual((await client.getMany([key('gone'), key('kept')])).map(String), ['undefined', '2'])
    },
  },
  {
    title: 'forgets a value when its time is up',
    async run(client, key) {
      await client.set(key('short'), Buffer.from('1'), 20)
      await eventually(async () => (await client.getMany([key('short')]))[0] === undefined)
    },
  },
  {
    title: 'says for how long a value is there yet',
    async run(client, key) {
      assert.equal(await client.timeLeft(key('absent')), 0)
      await client.set(key('there'), Buffer.from('1'), LONG_MS)
      const left = await client.timeLeft(key('there'))
      assert.ok(left > 0 && left <= LONG_MS, `${String(left)} ms are left`)
    },
  },
  {
    title: 'gives, if it gives that at all, the first bytes of a value and how many there are',
    async run(client, key) {
      if (client.head === undefined) return
      assert.equal(await client.head(key('absent'), 4), undefined)
      await client.set(key('long'), Buffer.from('0123456789'), LONG_MS)
      assert.deepEqual(await client.head(key('long'), 4), { bytes: Buffer.from('0123'), length: 10 })
      assert.deepEqual(await client.head(key('long'), 99), { bytes: Buffer.from('0123456789'), length: 10 })
    },
  },
  {
    title: 'takes keys with blanks, colons, braces and letters beyond ASCII',
    async run(client, key) {
      const name = key('a b:{c}/ü/日本\n')
      await client.set(name, Buffer.from('1'), LONG_MS)
      assert.deepEqual((await client.getMany([name])).map(String), ['1'])
    },
  },
  ...leaseContract,
  {
    title: 'begins a counter with an epoch of its own',
    async run(client, key) {
      const first = await client.ensureStamps(key('one'), [], LONG_MS)
      const second = await client.ensureStamps(key('another'), [], LONG_MS)
      assert.match(first, /^[\w-]+\.0$/)
      assert.notEqual(first, second)
    },
  },
  {
    title: 'advances a counter and writes the count under each stamp',
    async run(client, key) {
      const [epoch] = (await client.ensureStamps(key('counter'), [], LONG_MS)).split('.')
      let number = 0
      for (let time = 0; time < 3; time += 1) {
        await client.stamp(key('counter'), [key('s1'), key('s2')], LONG_MS)
        const after = (await client.getMany([key('counter'), key('s1'), key('s2')])).map(String)
        assert.equal(new Set(after).size, 1)
        const [epochNow, count] = String(after[0]).split('.')
        assert.equal(epochNow, epoch)
        assert.ok(
          Number(count) > number && Number.isSafeInteger(Number(count)),
          `${String(count)} comes next`,
        )
        number = Number(count)
      }
    },
  },
  {
    title: 'gives missing stamps the current count and leaves the others as they are',
    async run(client, key) {
      await client.stamp(key('counter'), [key('old')], LONG_MS)
      await client.stamp(key('counter'), [key('newer')], LONG_MS)
      const [before] = (await client.getMany([key('old')])).map(String)
      const count = await client.ensureStamps(key('counter'), [key('old'), key('missing')], LONG_MS)
      const [old, newer, missing] = await client.getMany([key('old'), key('newer'), key('missing')])
      assert.deepEqual([newer, missing].map(String), [count, count])
      assert.equal(String(old), before)
      assert.notEqual(before, count)
    },
  },
  {
    title: 'gives stamps of a counter that is gone the current count',
    async run(client, key) {
      await client.stamp(key('counter'), [key('stamp')], LONG_MS)
      await client.delete([key('counter')])
      const count = await client.ensureStamps(key('counter'), [key('stamp')], LONG_MS)
      assert.deepEqual((await client.getMany([key('stamp')])).map(String), [count])
    },
  },
  {
    title: 'prolongs stamps that have less time left than is asked for',
    async run(client, key) {
      await client.ensureStamps(key('counter'), [key('stamp')], 30)
      await client.ensureStamps(key('counter'), [key('stamp')], LONG_MS)
      await delay(60)
      const found = await client.getMany([key('counter'), key('stamp')])
      assert.equal(found.includes(undefined), false)
    },
  },
  {
    title: 'takes no time from a counter, nor from the stamps that it writes',
    async run(client, key) {
      await client.ensureStamps(key('counter'), [key('stamp')], LONG_MS)
      await client.stamp(key('counter'), [key('stamp')], 30)
      await delay(60)
      const found = await client.getMany([key('counter'), key('stamp')])
      assert.equal(found.includes(undefined), false)
    },
  },
  {
    title: 'keeps the greatest number that was raised',
    async run(client, key) {
      await client.raise(key('number'), 5, LONG_MS)
      await client.raise(key('number'), 1_800_000_000, LONG_MS)
      await client.raise(key('number'), 7, LONG_MS)
      assert.deepEqual((await client.getMany([key('number')])).map(String), ['1800000000'])
    },
  },
  {
    title: 'keeps the fraction of a raised number, and goes by it',
    async run(client, key) {
      await client.raise(key('number'), 1_800_000_000.25, LONG_MS)
      await client.raise(key('number'), 1_800_000_000.0000002, LONG_MS)
      assert.deepEqual((await client.getMany([key('number')])).map(String), ['1800000000.25'])
      await client.raise(key('number'), 1_800_000_001, LONG_MS)
      assert.deepEqual((await client.getMany([key('number')])).map(String), ['1800000001'])
    },
  },
  {
    title: 'keeps the longest life that was asked for a raised number',
    async run(client, key) {
      await client.raise(key('number'), 5, LONG_MS)
      await client.raise(key('number'), 6, 20)
      await delay(50)
      assert.deepEqual((await client.getMany([key('number')])).map(String), ['6'])
    },
  },
  {
    title: 'forgets a raised number when its time is up',
    async run(client, key) {
      await client.raise(key('number'), 5, 20)
      await eventually(async () => (await client.getMany([key('number')]))[0] === undefined)
    },
  },
  ...logContract,
  {
    title: 'counts the keys it holds',
    async run(client, key) {
      const before = await client.size()
      await client.set(key('one more'), Buffer.from('1'), LONG_MS)
      assert.equal(await client.size(), before + 1)
    },
  },
  {
    title: 'answers a ping',
    async run(client) {
      await client.ping()
    },
  },
  {
    title: 'serves again after it was disconnected and connected',
    async run(client, key) {
      client.disconnect()
      client.disconnect()
      await client.connect()
      await client.set(key('again'), Buffer.from('1'), LONG_MS)
      assert.deepEqual((await client.getMany([key('again')])).map(String), ['1'])
    },
  },
]
