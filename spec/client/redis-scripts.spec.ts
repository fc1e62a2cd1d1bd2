import { expect } from 'chai'
import { createClient } from 'redis'
import type { RedisClientType } from 'redis'
import {
  APPEND_LOG,
  ENSURE_STAMPS,
  HEAD,
  KEEP,
  LEASE,
  RAISE,
  RELEASE,
  SCRIPTS,
  SET,
  SET_LEASED,
  STAMP,
} from '../../lib/client/redis-scripts'
import type { RedisScript } from '../../lib/client/redis-scripts'
import { RedisServer } from '../support/redis-server'

// What they do for a client is in spec/testing/client-contract.spec.ts.
describe('The scripts', () => {
  let server: RedisServer
  let client: RedisClientType

  before(async () => {
    server = await RedisServer.start()
    client = createClient({ url: server.url })
    await client.connect()
  })

  beforeEach(() => client.flushAll())

  after(async () => {
    await client.close()
    await server.close()
  })

  function run(script: RedisScript, keys: string[], ...args: string[]): Promise<unknown> {
    return client.eval(script.source, { keys, arguments: args })
  }

  const ALL = { STAMP, ENSURE_STAMPS, RAISE, APPEND_LOG, LEASE, KEEP, SET_LEASED, RELEASE, HEAD }

  it('are all among those that are loaded', () => {
    expect(SCRIPTS).to.have.members(Object.values(ALL))
  })

  it('APPEND_LOG reads no key that is new: servers before Redis 7.2 take each for a reading of all', async () => {
    const append = (number: string) =>
      run(APPEND_LOG, ['log', 'a', 'b'], '60000', ...['1', number, '60000', '2', number, '60000'])
    const readings = async (): Promise<string[]> =>
      (await client.info('commandstats')).match(/cmdstat_(get|getex|pttl):calls=\d+/g) ?? []
    await client.configResetStat()
    await append('1')
    expect(await readings()).to.deep.equal([])
    await append('2')
    expect(await readings()).to.have.members(['cmdstat_get:calls=2', 'cmdstat_pttl:calls=2'])
    expect(await client.mGet(['a', 'b'])).to.deep.equal(['2', '2'])
  })

  for (const [name, script] of Object.entries(ALL)) {
    it(`${name} has the name that Redis gives it`, async () => {
      expect(await client.scriptLoad(script.source)).to.equal(script.sha1)
    })
  }

  describe('APPEND_LOG', () => {
    it('keeps the log for its time from the last entry on, and each number for its own', async () => {
      await run(APPEND_LOG, ['log', 'a', 'b'], '90000', 'x', '1', '60000', 'y', '1', '30000')
      await client.pExpire('log', 1000)
      await run(APPEND_LOG, ['log', 'c'], '90000', 'z', '1', '10000')
      expect(await client.pTTL('log')).to.be.within(80_000, 90_000)
      expect(await client.pTTL('a')).to.be.within(50_000, 60_000)
      expect(await client.pTTL('b')).to.be.within(20_000, 30_000)
      expect(await client.xLen('log')).to.equal(3)
    })

    it('drops what is older than it is to be kept, whole nodes at a time, and nothing younger', async () => {
      const old = Array.from({ length: 150 }, (_, index) => `1000-${String(index)}`)
      for (const id of old) await client.xAdd('log', id, { r: 'old' })
      await run(APPEND_LOG, ['log', 'a'], '60000', 'x', '1', '60000')
      const left = (await client.xRange('log', '-', '+')) ?? []
      expect(left.length).to.be.at.most(51)
      expect(left.at(-1)?.message).to.include({ r: 'x' })
    })

    it('keeps what is of before 1970 plus its time', async () => {
      await client.xAdd('log', '1000-0', { r: 'old' })
      await run(APPEND_LOG, ['log', 'a'], '99999999999999', 'x', '1', '60000')
      expect(await client.xLen('log')).to.equal(2)
    })
  })

  describe('STAMP', () => {
    it('answers the new count, and gives the counter and all stamps the same time to live', async () => {
      const first = String(await run(STAMP, ['counter', 'a', 'b'], 'epoch', '60000'))
      const second = String(await run(STAMP, ['counter', 'a'], 'unused', '60000'))
      expect(first).to.match(/^epoch\.\d+$/)
      expect(second).to.match(/^epoch\.\d+$/)
      expect(numberOf(second)).to.be.greaterThan(numberOf(first))
      expect(await client.get('counter')).to.equal(second)
      for (const key of ['counter', 'a', 'b']) expect(await client.pTTL(key)).to.be.within(1, 60_000)
      expect(await client.get('b')).to.equal(first)
    })

    it('gives no count a second time to a server that went back in time', async () => {
      await client.set('counter', 'epoch.7')
      const forgotten = String(await run(STAMP, ['counter'], 'unused', '60000'))
      await client.set('counter', 'epoch.7')
      const again = String(await run(STAMP, ['counter'], 'unused', '60000'))
      expect(numberOf(again)).to.be.greaterThan(numberOf(forgotten))
    })

    it('counts on where the clock of the server has gone back', async () => {
      await client.set('counter', 'epoch.9007199254740000')
      expect(await run(STAMP, ['counter'], 'unused', '60000')).to.equal('epoch.9007199254740001')
    })

    for (const garbage of ['', '17', 'epoch.', 'epoch.1x', 'two words.1']) {
      it(`begins a new epoch where the counter reads '${garbage}'`, async () => {
        await client.set('counter', garbage)
        expect(await run(STAMP, ['counter'], 'new-epoch_1', '60000')).to.match(/^new-epoch_1\.\d+$/)
      })
    }

    it('counts in whole numbers where Lua would write an exponent', async () => {
      expect(await run(STAMP, ['counter'], 'epoch', '60000')).to.match(/^epoch\.\d{16}$/)
    })
  })

  describe('ENSURE_STAMPS', () => {
    it('prolongs what has less time left, and shortens nothing', async () => {
      await run(ENSURE_STAMPS, ['counter', 'a'], 'epoch', '60000')
      await run(ENSURE_STAMPS, ['counter', 'b'], 'unused', '1000')
      expect(await client.pTTL('counter')).to.be.above(2000)
      expect(await client.pTTL('b')).to.be.within(1000, 2000)
      await run(ENSURE_STAMPS, ['counter', 'b'], 'unused', '60000')
      expect(await client.pTTL('b')).to.be.above(60_000)
    })

    it('leaves what has the time, so that nobody is told of nothing', async () => {
      await run(ENSURE_STAMPS, ['counter', 'a'], 'epoch', '60000')
      await client.pExpire('a', 70_000)
      await run(ENSURE_STAMPS, ['counter', 'a'], 'unused', '60000')
      expect(await client.pTTL('a')).to.be.within(60_000, 70_000)
    })

    it('leaves what lives for ever as it is', async () => {
      await client.set('counter', 'epoch.5')
      expect(await run(ENSURE_STAMPS, ['counter'], 'unused', '60000')).to.equal('epoch.5')
      expect(await client.pTTL('counter')).to.equal(-1)
    })
  })

  describe('RAISE', () => {
    it('writes great numbers in full', async () => {
      await run(RAISE, ['number'], '4102444800000000', '60000')
      await run(RAISE, ['number'], '1', '3155760000000')
      expect(await client.get('number')).to.equal('4102444800000000')
      expect(await client.pTTL('number')).to.be.above(3_155_759_000_000)
    })

    it('takes the place of what is not a number', async () => {
      await client.set('number', 'many')
      await run(RAISE, ['number'], '5', '60000')
      expect(await client.get('number')).to.equal('5')
    })
  })

  const LEASE_AND_PULSE = ['lease', 'pulse']

  describe('LEASE', () => {
    it('keeps the token and a sign of life, which is over first', async () => {
      expect(await run(LEASE, LEASE_AND_PULSE, 'one', '60000', '9000')).to.equal(0)
      expect(await client.get('lease')).to.equal('one')
      expect(await client.pTTL('lease')).to.be.within(68_000, 69_000)
      expect(await client.pTTL('pulse')).to.be.within(59_000, 60_000)
      expect(await run(LEASE, LEASE_AND_PULSE, 'other', '1000', '9000')).to.be.within(59_000, 60_000)
      expect(await client.get('lease')).to.equal('one')
    })

    it('takes a lease whose holder gives no sign of life', async () => {
      await client.set('lease', 'one')
      expect(await run(LEASE, LEASE_AND_PULSE, 'other', '1000', '9000')).to.equal(0)
      expect(await client.get('lease')).to.equal('other')
      expect(await client.pTTL('lease')).to.be.within(9000, 10_000)
      expect(await client.pTTL('pulse')).to.be.within(1, 1000)
    })

    it('takes a lease whose sign of life somebody has given no end', async () => {
      await client.mSet({ lease: 'one', pulse: '' })
      expect(await run(LEASE, LEASE_AND_PULSE, 'other', '1000', '9000')).to.equal(0)
      expect(await client.pTTL('pulse')).to.be.within(1, 1000)
    })
  })

  describe('KEEP', () => {
    it('gives signs of life of what is held, and leaves the rest as it is', async () => {
      for (const [key, token] of Object.entries({ mine: 'one', theirs: 'other' }))
        await run(LEASE, [key, `pulse of ${key}`], token, '500', '9000')
      const keys = ['mine', 'free', 'theirs'].flatMap((key) => [key, `pulse of ${key}`])
      expect(await run(KEEP, keys, '9000', '9000', 'one', 'one', 'one')).to.deep.equal([1, 0, 0])
      expect(await client.pTTL('pulse of mine')).to.be.within(8000, 9000)
      expect(await client.pTTL('mine')).to.be.within(17_000, 18_000)
      expect(await client.pTTL('pulse of theirs')).to.be.within(1, 500)
      expect(await client.exists(['free', 'pulse of free'])).to.equal(0)
    })

    it('does not write the lease as long as it has time enough: that would be told', async () => {
      await run(LEASE, LEASE_AND_PULSE, 'one', '500', '9000')
      const before = await client.pExpireTime('lease')
      expect(await run(KEEP, LEASE_AND_PULSE, '500', '9000', 'one')).to.deep.equal([1])
      expect(await client.pExpireTime('lease')).to.equal(before)
    })
  })

  describe('SET_LEASED', () => {
    it('gives the value its time to live', async () => {
      await run(LEASE, LEASE_AND_PULSE, 'one', '500', '9000')
      expect(await run(SET_LEASED, ['key', ...LEASE_AND_PULSE], 'one', 'value', '60000')).to.deep.equal([1])
      expect(await client.get('key')).to.equal('value')
      expect(await client.pTTL('key')).to.be.within(59_000, 60_000)
      expect(await client.exists(LEASE_AND_PULSE)).to.equal(0)
    })

    it('does so for several, each by its own lease', async () => {
      for (const key of ['a', 'c']) await run(LEASE, [`lease ${key}`, `pulse ${key}`], key, '500', '9000')
      const keys = ['a', 'b', 'c'].flatMap((key) => [key, `lease ${key}`, `pulse ${key}`])
      const each = ['a', 'b', 'c'].flatMap((key) => [key, `value of ${key}`, '60000'])
      expect(await run(SET_LEASED, keys, ...each)).to.deep.equal([1, 0, 1])
      expect(await client.mGet(['a', 'b', 'c'])).to.deep.equal(['value of a', null, 'value of c'])
    })

    it('writes for who gives no sign of life any more, as long as nobody else has come', async () => {
      await run(LEASE, LEASE_AND_PULSE, 'one', '500', '9000')
      await client.del('pulse')
      expect(await run(SET_LEASED, ['key', ...LEASE_AND_PULSE], 'one', 'value', '60000')).to.deep.equal([1])
    })

    it('writes nothing where there is no lease, whatever is there', async () => {
      await client.set('key', 'newer')
      expect(await run(SET_LEASED, ['key', ...LEASE_AND_PULSE], 'one', 'value', '60000')).to.deep.equal([0])
      expect(await client.get('key')).to.equal('newer')
    })
  })

  describe('SET', () => {
    it('writes with a time to live, and takes the lease away', async () => {
      await run(LEASE, LEASE_AND_PULSE, 'one', '60000', '9000')
      await client.eval(SET, { keys: ['key', ...LEASE_AND_PULSE], arguments: ['value', '60000'] })
      expect(await client.pTTL('key')).to.be.within(59_000, 60_000)
      expect(await client.exists(LEASE_AND_PULSE)).to.equal(0)
    })
  })

  describe('RELEASE', () => {
    it('takes away the lease that is held, and no other', async () => {
      await run(LEASE, LEASE_AND_PULSE, 'one', '60000', '9000')
      await run(RELEASE, LEASE_AND_PULSE, 'other')
      expect(await client.get('lease')).to.equal('one')
      await run(RELEASE, LEASE_AND_PULSE, 'one')
      expect(await client.exists(LEASE_AND_PULSE)).to.equal(0)
    })
  })
})

function numberOf(count: string): number {
  return Number(count.split('.')[1])
}
