import dns from 'node:dns'
import type { LookupFunction } from 'node:net'
import { expect } from 'chai'
import sinon from 'sinon'
import { RedisClient } from '../../lib/client/redis-client'
import { singleLookup } from '../../lib/client/single-lookup'
import { eventually } from '../support/eventually'
import { RedisServer } from '../support/redis-server'
import { rejection } from '../support/rejection'

type Answer = Parameters<LookupFunction>[2]

const IPV4 = { family: 4 }

describe('singleLookup', () => {
  /** What the resolver was asked and has not answered. */
  let asked: { name: string; answer: Answer }[]
  let lookup: LookupFunction
  let told: unknown[]

  const resolver: LookupFunction = (name, _options, answer) => {
    asked.push({ name, answer })
  }

  beforeEach(() => {
    asked = []
    told = []
    lookup = singleLookup(resolver)
  })

  afterEach(() => {
    sinon.restore()
  })

  function ask(who: string, name = 'redis'): void {
    lookup(name, IPV4, (error, address) => told.push([who, error?.message ?? address]))
  }

  it('answers as it is answered', () => {
    ask('first')
    asked[0]?.answer(null, '10.0.0.1', 4)
    ask('second')
    asked[1]?.answer(new Error('ENOTFOUND'), '')
    expect(told).to.deep.equal([
      ['first', '10.0.0.1'],
      ['second', 'ENOTFOUND'],
    ])
  })

  it('asks for a name once at a time, and answers who asked last', () => {
    for (const who of ['first', 'second', 'third']) ask(who)
    expect(asked).to.have.length(1)
    const givenUp = 'Another attempt waits for the address of redis'
    expect(told).to.deep.equal([
      ['first', givenUp],
      ['second', givenUp],
    ])
    asked[0]?.answer(null, '10.0.0.1', 4)
    expect(told.slice(2)).to.deep.equal([['third', '10.0.0.1']])
  })

  it('asks for each name by itself', () => {
    ask('first', 'redis')
    ask('second', 'other')
    asked[1]?.answer(null, '10.0.0.2', 4)
    asked[0]?.answer(null, '10.0.0.1', 4)
    expect(told).to.deep.equal([
      ['second', '10.0.0.2'],
      ['first', '10.0.0.1'],
    ])
  })

  describe('of a client', () => {
    let server: RedisServer

    before(async () => {
      server = await RedisServer.start()
    })

    after(() => server.close())

    const ways = {
      'with its own': (port: number) => ({ socket: { host: 'localhost', port } }),
      'with that of its options': (port: number) => ({
        socket: { host: 'localhost', port, lookup: resolver },
      }),
    }

    for (const [way, optionsFor] of Object.entries(ways)) {
      it(`asks once, however many attempts there are (${way}), and connects with the answer`, async () => {
        sinon.stub(dns, 'lookup').callsFake(resolver as unknown as typeof dns.lookup)
        const client = new RedisClient(optionsFor(server.port))
        for (let attempt = 0; attempt < 3; attempt++) {
          const connecting = rejection(client.connect())
          await eventually(() => asked.length === 1)
          client.disconnect()
          await connecting
        }
        const connected = client.connect()
        await eventually(() => asked.length === 1)
        const answer = asked[0]?.answer as unknown as (error: null, addresses: object[]) => void
        answer(null, [{ address: '127.0.0.1', family: 4 }])
        await connected
        await client.ping()
        await client.close()
      })
    }
  })
})
