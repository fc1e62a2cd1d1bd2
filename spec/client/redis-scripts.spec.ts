import { expect } from 'chai'
import { createClient } from 'redis'
import type { RedisClientType } from 'redis'
import { ENSURE_STAMPS, RAISE, STAMP } from '../../lib/client/redis-scripts'
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

  for (const [name, script] of Object.entries({ STAMP, ENSURE_STAMPS, RAISE })) {
    it(`${name} has the name that Redis gives it`, async () => {
      expect(await client.scriptLoad(script.source)).to.equal(script.sha1)
    })
  }

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
      expect(await client.pTTL('counter')).to.be.above(1000)
      expect(await client.pTTL('b')).to.be.within(1, 1000)
      await run(ENSURE_STAMPS, ['counter', 'b'], 'unused', '60000')
      expect(await client.pTTL('b')).to.be.above(1000)
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
})

function numberOf(count: string): number {
  return Number(count.split('.')[1])
}
