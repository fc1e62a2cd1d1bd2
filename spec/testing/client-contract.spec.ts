import { expect } from 'chai'
import type { CacheClient } from 'holdfast'
import { clientContract } from 'holdfast/testing'
import { MemoryClient } from '../../lib/client/memory-client'
import { RedisClient } from '../../lib/client/redis-client'
import { systemClock } from '../../lib/clock'
import { RedisServer } from '../support/redis-server'

function memoryClient(): MemoryClient {
  return new MemoryClient({ maxEntries: 1000, maxBytes: 100_000 }, systemClock)
}

describe('The client contract', () => {
  describe('holds for MemoryClient, which', () => {
    const client = memoryClient()
    for (const { title, run } of clientContract) {
      it(title, () => run(client, (name) => `${title}:${name}`))
    }
  })

  describe('holds for RedisClient, which', () => {
    let server: RedisServer
    let client: RedisClient

    before(async () => {
      server = await RedisServer.start()
      client = new RedisClient({ url: server.url })
      await client.connect()
    })

    after(async () => {
      await client.close()
      await server.close()
    })

    for (const { title, run } of clientContract) {
      it(title, () => run(client, (name) => `${title}:${name}`))
    }
  })

  describe('catches a client that', () => {
    const broken: [flaw: string, flawed: (sound: MemoryClient) => Partial<CacheClient>, caughtBy: string][] =
      [
        [
          'keeps text instead of bytes',
          (sound) => ({ set: (key, value, ttl) => sound.set(key, Buffer.from(value.toString()), ttl) }),
          'answers what was set, byte for byte',
        ],
        [
          'takes an empty value for none',
          (sound) => ({
            getMany: async (keys) =>
              (await sound.getMany(keys)).map((value) => (value?.length ? value : undefined)),
          }),
          'keeps an empty value apart from none',
        ],
        [
          'reads, and leaves the lease to whoever asks next',
          (sound) => ({
            claim: async (keys) => ({ values: await sound.getMany(keys), waitMs: 0 }),
          }),
          'takes, as it reads, the lease of what is not there',
        ],
        [
          'takes a lease whatever is there',
          (sound) => ({
            claim: async (keys, token, ttl) => ({
              values: await sound.getMany(keys),
              waitMs: await sound.lease(keys[0], token, ttl),
            }),
          }),
          'takes no lease of what is there',
        ],
        [
          'says that what is not there has time left',
          () => ({ timeLeft: () => Promise.resolve(1) }),
          'says for how long a value is there yet',
        ],
        [
          'reads a log from behind the entry that is named',
          (sound) => ({
            readLog: async (log, from, count) =>
              (await sound.readLog(log, from, count + 1)).slice(from === '' ? 0 : 1),
          }),
          'reads a log from an entry on, that one included, and no more than is asked for, if it has logs',
        ],
        [
          'counts what it logs, and does not say when that was',
          (sound) => ({
            readLog: async (log, from, count) =>
              (await sound.readLog(log, from, count)).map((record, index) => ({
                ...record,
                id: `${String(index)}-0`,
              })),
          }),
          'gives ids that begin with the time, and grow, if it has logs',
        ],
        [
          'keeps a log and forgets the number beside it',
          (sound) => ({
            appendLog: (log, entries, keepMs) =>
              sound.appendLog(
                log,
                entries.map((entry) => ({ ...entry, key: 'elsewhere' })),
                keepMs,
              ),
          }),
          'raises the number beside an entry, and never lowers it, if it has logs',
        ],
        [
          'keeps the text of what it logs',
          (sound) => ({
            appendLog: (log, entries, keepMs) =>
              sound.appendLog(
                log,
                entries.map((entry) => ({ ...entry, bytes: Buffer.from(entry.bytes.toString()) })),
                keepMs,
              ),
          }),
          'reads entries in their order, byte for byte, if it has logs',
        ],
        [
          'leaves out what is missing',
          (sound) => ({
            getMany: async (keys) => (await sound.getMany(keys)).filter((value) => value !== undefined),
          }),
          'answers many keys in the order in which they were asked for',
        ],
        [
          'keeps the first value of a key',
          (sound) => ({
            set: async (key, value, ttl) => {
              if ((await sound.getMany([key]))[0] === undefined) await sound.set(key, value, ttl)
            },
          }),
          'puts a value in the place of an older one',
        ],
        [
          'deletes the last key alone',
          (sound) => ({ delete: (keys) => sound.delete(keys.slice(-1)) }),
          'takes away what was deleted, and only that',
        ],
        [
          'deletes more than it was told to',
          (sound) => ({ delete: () => sound.close() }),
          'takes away what was deleted, and only that',
        ],
        [
          'takes the ttl for seconds',
          (sound) => ({ set: (key, value, ttl) => sound.set(key, value, ttl * 1000) }),
          'forgets a value when its time is up',
        ],
        [
          'takes no key with a blank',
          (sound) => ({ set: (key, value, ttl) => sound.set(key.trim().split('\n').join(''), value, ttl) }),
          'takes keys with blanks, colons, braces and letters beyond ASCII',
        ],
        [
          'gives every lease to everybody',
          () => ({ lease: () => Promise.resolve(0) }),
          'gives a lease to one, and tells another for how long it has it',
        ],
        [
          'looks first and leases then',
          (sound) => {
            const taken = new Set<string>()
            return {
              lease: async (key) => {
                const isTaken = taken.has(key)
                await sound.ping()
                taken.add(key)
                return isTaken ? 1 : 0
              },
            }
          },
          'gives a lease to one of many that ask at once',
        ],
        [
          'leaves a lease that is asked for again as it is',
          (sound) => ({
            lease: async (key, token, ttl) => {
              const [isHeld] = await sound.keepLeases([{ key, token }], 500)
              return isHeld === true ? 0 : sound.lease(key, token, ttl)
            },
          }),
          'prolongs the lease of who asks for it again',
        ],
        [
          'leases for ever',
          (sound) => ({ lease: (key, token) => sound.lease(key, token, 60_000) }),
          'ends a lease when its time is up',
        ],
        [
          'keeps a lease where the value is',
          (sound) => ({
            lease: async (key, token, ttl) => {
              const [found] = await sound.getMany([key])
              if (found === undefined) await sound.set(key, Buffer.from(token), ttl)
              return found === undefined ? 0 : 1
            },
          }),
          'takes no lease for a value, nor a value for a lease',
        ],
        [
          'leaves the lease to who has it when the key is set',
          (sound) => ({
            set: async (key, value, ttl) => {
              const [isHeld] = await sound.keepLeases([{ key, token: 'one' }], 60_000)
              await sound.set(key, value, ttl)
              if (isHeld === true) await sound.lease(key, 'one', 60_000)
            },
          }),
          'ends the lease of a key that is set',
        ],
        [
          'deletes no more than what is there',
          (sound) => ({
            delete: async (keys) => {
              const found = await sound.getMany(keys)
              await sound.delete(keys.filter((_, index) => found[index] !== undefined))
            },
          }),
          'ends the lease of a key that is deleted, there or not',
        ],
        [
          'goes on with a lease under which a value was stored',
          (sound) => ({
            setLeased: async (key, value, lease) => {
              const isStored = await sound.setLeased(key, value, lease)
              if (isStored) await sound.lease(key, lease.token, 60_000)
              return isStored
            },
          }),
          'stores a value under a lease that is held, which ends it',
        ],
        [
          'stores under whatever lease',
          (sound) => ({
            setLeased: async (key, value, { ttlMs }) => {
              await sound.set(key, value, ttlMs)
              return false
            },
          }),
          'stores nothing under a lease that is not held',
        ],
        [
          'takes the ttl of what it stores under a lease for seconds',
          (sound) => ({
            setLeased: (key, value, { token, ttlMs }) =>
              sound.setLeased(key, value, { token, ttlMs: ttlMs * 1000 }),
          }),
          'forgets a value that was stored under a lease when its time is up',
        ],
        [
          'releases the lease of anybody',
          (sound) => ({ release: ({ key }) => sound.delete([key]) }),
          'releases the lease of who has it, and of nobody else',
        ],
        [
          'takes the leases that it is to keep',
          (sound) => ({
            keepLeases: async (leases, ttl) => {
              const answers = await Promise.all(leases.map(({ key, token }) => sound.lease(key, token, ttl)))
              return answers.map((left) => left === 0)
            },
          }),
          'says of each lease whether it is still held, and takes none',
        ],
        [
          'looks at the leases that it is to keep, and does no more',
          (sound) => ({ keepLeases: (leases) => sound.keepLeases(leases, 500) }),
          'prolongs the leases that are kept',
        ],
        [
          'leases no key with a blank',
          (sound) => ({ lease: (key, token, ttl) => sound.lease(key.trim(), token, ttl) }),
          'leases keys with blanks, colons, braces and letters beyond ASCII',
        ],
        [
          'tells of changes in bytes',
          (sound) => {
            let tell: (key: string) => void = () => undefined
            return {
              onChange: (listener) => (tell = listener),
              release: (lease) => {
                tell(Buffer.from(lease.key) as unknown as string)
                return sound.release(lease)
              },
            }
          },
          'tells, if it tells of changes at all, strings and undefined alone',
        ],
        [
          'begins every counter with the same epoch',
          (sound) => ({ ensureStamps: () => sound.ping().then(() => 'epoch.0') }),
          'begins a counter with an epoch of its own',
        ],
        [
          'advances the counter and forgets the stamps',
          (sound) => ({ stamp: (counter, _, ttl) => sound.stamp(counter, [], ttl) }),
          'advances a counter and writes the count under each stamp',
        ],
        [
          'writes all stamps anew when they are to be made sure of',
          (sound) => ({
            ensureStamps: async (counter, stamps, ttl) => {
              await sound.delete(stamps)
              return sound.ensureStamps(counter, stamps, ttl)
            },
          }),
          'gives missing stamps the current count and leaves the others as they are',
        ],
        [
          'keeps the stamps of a counter that is gone',
          (sound) => ({
            ensureStamps: async (counter, stamps, ttl) => {
              const before = await sound.getMany(stamps)
              const count = await sound.ensureStamps(counter, stamps, ttl)
              const kept = stamps.map((stamp, index) => [stamp, before[index]] as const)
              for (const [stamp, value] of kept) if (value !== undefined) await sound.set(stamp, value, ttl)
              return count
            },
          }),
          'gives stamps of a counter that is gone the current count',
        ],
        [
          'does not prolong stamps',
          (sound) => ({
            ensureStamps: async (counter, stamps, ttl) => {
              const [count] = await sound.getMany([counter])
              return count === undefined ? sound.ensureStamps(counter, stamps, ttl) : count.toString()
            },
          }),
          'prolongs stamps that have less time left than is asked for',
        ],
        [
          'stamps for as long as was asked for last',
          (sound) => ({
            stamp: async (counter, stamps, ttl) => {
              await sound.stamp(counter, stamps, ttl)
              for (const key of [counter, ...stamps]) {
                const [count] = await sound.getMany([key])
                await sound.set(key, count ?? Buffer.from(''), ttl)
              }
            },
          }),
          'takes no time from a counter, nor from the stamps that it writes',
        ],
        [
          'keeps the number that was raised last',
          (sound) => ({ raise: (key, value, ttl) => sound.set(key, Buffer.from(String(value)), ttl) }),
          'keeps the greatest number that was raised',
        ],
        [
          'rounds a raised number',
          (sound) => ({ raise: (key, value, ttl) => sound.raise(key, Math.floor(value), ttl) }),
          'keeps the fraction of a raised number, and goes by it',
        ],
        [
          'keeps the life that was asked for last',
          (sound) => ({ raise: (key, value, ttl) => sound.set(key, Buffer.from(String(value)), ttl) }),
          'keeps the longest life that was asked for a raised number',
        ],
        [
          'keeps a raised number for ever',
          (sound) => ({ raise: (key, value) => sound.raise(key, value, 60_000) }),
          'forgets a raised number when its time is up',
        ],
        [
          'refuses to be asked for nothing',
          (sound) => ({
            getMany: (keys) =>
              keys.length === 0 ? Promise.reject(new Error('no keys')) : sound.getMany(keys),
          }),
          'takes empty lists of keys',
        ],
        ['counts nothing', () => ({ size: () => Promise.resolve(0) }), 'counts the keys it holds'],
        [
          'does not answer a ping',
          () => ({ ping: () => Promise.reject(new Error('down')) }),
          'answers a ping',
        ],
        [
          'connects once in its life',
          () => ({ connect: () => Promise.reject(new Error('once only')) }),
          'serves again after it was disconnected and connected',
        ],
        [
          'counts the bytes that it gives for all there are',
          (sound) => ({
            head: async (key, most) => {
              const head = await sound.head(key, most)
              return head && { ...head, length: head.bytes.length }
            },
          }),
          'gives, if it gives that at all, the first bytes of a value and how many there are',
        ],
        [
          'answers null for a key that is not there',
          (sound) => ({
            getMany: async (keys) =>
              (await sound.getMany(keys)).map((value) => value ?? (null as unknown as undefined)),
          }),
          'answers undefined for a key that is not there',
        ],
      ]

    for (const [flaw, flawed, caughtBy] of broken) {
      it(flaw, async () => {
        const sound = memoryClient()
        const client = withFlaws(sound, flawed(sound))
        const failed: string[] = []
        const cases = clientContract.filter(({ title }) => title === caughtBy)
        for (const { title, run } of cases) {
          await run(client, (name) => `${title}:${name}`).catch(() => failed.push(title))
        }
        expect(failed).to.deep.equal([caughtBy])
      })
    }

    it('breaks any of its promises', () => {
      const titles = clientContract.map(({ title }) => title)
      expect(new Set(broken.map(([, , caughtBy]) => caughtBy))).to.have.all.keys(...titles)
    })
  })
})

/** A client that does as the sound one does, but for its flaws. */
function withFlaws(sound: MemoryClient, flaws: Partial<CacheClient>): CacheClient {
  return {
    connect: () => sound.connect(),
    disconnect: () => {
      sound.disconnect()
    },
    close: () => sound.close(),
    onDisconnect: () => {
      sound.onDisconnect()
    },
    ping: () => sound.ping(),
    getMany: (keys) => sound.getMany(keys),
    timeLeft: (key) => sound.timeLeft(key),
    head: (key, bytes) => sound.head(key, bytes),
    set: (key, value, ttl) => sound.set(key, value, ttl),
    delete: (keys) => sound.delete(keys),
    lease: (key, token, ttl) => sound.lease(key, token, ttl),
    claim: (keys, token, ttl) => sound.claim(keys, token, ttl),
    keepLeases: (leases, ttl) => sound.keepLeases(leases, ttl),
    setLeased: (key, value, lease) => sound.setLeased(key, value, lease),
    release: (lease) => sound.release(lease),
    stamp: (counter, stamps, ttl) => sound.stamp(counter, stamps, ttl),
    ensureStamps: (counter, stamps, ttl) => sound.ensureStamps(counter, stamps, ttl),
    raise: (key, value, ttl) => sound.raise(key, value, ttl),
    appendLog: (log, entries, keepMs) => sound.appendLog(log, entries, keepMs),
    readLog: (log, from, count) => sound.readLog(log, from, count),
    size: () => sound.size(),
    ...flaws,
  }
}
