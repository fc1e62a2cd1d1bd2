import { setImmediate as turn } from 'node:timers/promises'
import { expect } from 'chai'
import { createClient, ErrorReply } from 'redis'
import { RedisClient } from '../../lib/client/redis-client'
import { ServerFence } from '../../lib/client/server-fence'
import { eventually } from '../support/eventually'
import { RecordingLogger } from '../support/recording-logger'
import { RedisServer } from '../support/redis-server'
import { rejection } from '../support/rejection'
import { TcpProxy } from '../support/tcp-proxy'

const LONG_MS = 60_000
const WARNING = 'Redis does not permit CLIENT KILL: a write in doubt may still arrive after an outage'

describe('ServerFence', () => {
  let logger: RecordingLogger

  beforeEach(() => {
    logger = new RecordingLogger()
  })

  describe('at a real Redis', () => {
    const cleanups: (() => unknown)[] = []
    let server: RedisServer

    beforeEach(async () => {
      server = await RedisServer.start()
    })

    afterEach(async () => {
      for (const cleanUp of cleanups.splice(0).reverse()) await cleanUp()
      await server.close()
    })

    async function connect(port: number, credentials = {}): Promise<RedisClient> {
      const client = new RedisClient({ socket: { port }, ...credentials }, logger)
      cleanups.push(() => {
        client.disconnect()
      })
      await client.connect()
      return client
    }

    async function idOf(client: RedisClient): Promise<string> {
      return String(await client.redis.clientId())
    }

    async function isThere(id: string): Promise<boolean> {
      return (await server.command('CLIENT', 'LIST', 'ID', id)).includes(`id=${id} `)
    }

    /** What is under the key after a write was held back on its way, given up, and delivered after a deletion. */
    async function afterLateWrite(credentials = {}): Promise<(Buffer | undefined)[]> {
      const proxy = await TcpProxy.start(server.port)
      cleanups.push(() => proxy.close())
      const client = await connect(proxy.port, credentials)
      const former = await idOf(client)
      proxy.holdBack()
      const late = rejection(client.set('key', Buffer.from('late'), LONG_MS))
      // node-redis writes a turn later.
      for (let turns = 0; turns < 10; turns += 1) await turn()
      client.disconnect()
      await late
      await client.connect()
      await client.delete(['key'])
      proxy.release()
      await eventually(async () => !(await isThere(former)))
      return client.getMany(['key'])
    }

    it('lets nothing be carried out that a proxy held back until after the reconnect', async () => {
      expect(await afterLateWrite()).to.deep.equal([undefined])
      expect(logger.lines).to.deep.equal([])
    })

    it('ends the connection before the new one is given to anybody', async () => {
      const proxy = await TcpProxy.start(server.port)
      cleanups.push(() => proxy.close())
      const client = await connect(proxy.port)
      const former = await idOf(client)
      proxy.holdBack()
      client.disconnect()
      expect(await isThere(former)).to.equal(true)
      await client.connect()
      expect(await isThere(former)).to.equal(false)
    })

    it('leaves the connections of others alone', async () => {
      const [client, other] = [await connect(server.port), await connect(server.port)]
      for (let time = 0; time < 3; time += 1) {
        client.disconnect()
        await client.connect()
      }
      await other.ping()
      expect(await idOf(other)).to.be.a('string')
    })

    it('leaves alone who has got the same id of a server that was restarted', async () => {
      // So that the ids given after the restart do not reach this one before the test wants them to.
      for (let count = 0; count < 50; count += 1) await server.command('PING')
      const client = await connect(server.port)
      const former = await idOf(client)
      await server.restart()
      const innocent = await withId(former)
      await client.connect()
      expect(await isThere(former)).to.equal(true)
      expect(await innocent.ping()).to.equal('PONG')
    })

    async function withId(id: string): Promise<Awaited<ReturnType<typeof plainClient>>> {
      for (;;) {
        const candidate = await plainClient()
        const found = await candidate.clientId()
        if (String(found) === id) return candidate
        expect(found).to.be.below(Number(id))
      }
    }

    async function plainClient() {
      const client = createClient({ url: server.url, socket: { reconnectStrategy: false } })
      client.on('error', () => undefined)
      cleanups.push(() => {
        client.destroy()
      })
      await client.connect()
      return client
    }

    for (const denied of ['client|kill', 'client|info']) {
      it(`warns once where ${denied} is not permitted, and goes on without: what is late arrives`, async () => {
        await server.command('ACL', 'SETUSER', 'app', 'on', '>word', '~*', '+@all', `-${denied}`)
        const values = await afterLateWrite({ username: 'app', password: 'word' })
        expect(values.map(String)).to.deep.equal(['late'])
        expect(logger.messages()).to.deep.equal([WARNING])
        expect(logger.lines[0]).to.have.nested.property(
          'details.remedy',
          'ACL SETUSER … +client|kill +client|info',
        )
        expect(logger.lines[0])
          .to.have.nested.property('details.cause')
          .that.matches(/^NOPERM/)
      })
    }
  })

  describe('command by command', () => {
    const FIRST = 'id=7 addr=127.0.0.1:5000 laddr=127.0.0.1:6379 fd=8 name= user=default'
    const SECOND = 'id=9 addr=[::1]:5001 laddr=[::1]:6379 fd=8'
    let sent: string[]
    let answers: Record<'KILL' | 'INFO', () => unknown>
    let fence: ServerFence

    beforeEach(() => {
      sent = []
      answers = { KILL: () => 1, INFO: () => FIRST }
      fence = new ServerFence((...command) => {
        sent.push(command.join(' '))
        return Promise.resolve().then(answers[command[1] === 'KILL' ? 'KILL' : 'INFO'])
      }, logger)
    })

    function fail(error: Error): () => never {
      return () => {
        throw error
      }
    }

    it('asks on the first connection who it is, and ends nobody', async () => {
      await fence.raise()
      expect(sent).to.deep.equal(['CLIENT INFO'])
    })

    it('ends on each further one the one before, by its id and its address, ahead of everything else', async () => {
      await fence.raise()
      answers.INFO = () => SECOND
      await fence.raise()
      await fence.raise()
      expect(sent.slice(1)).to.deep.equal([
        'CLIENT KILL ID 7 ADDR 127.0.0.1:5000',
        'CLIENT INFO',
        'CLIENT KILL ID 9 ADDR [::1]:5001',
        'CLIENT INFO',
      ])
    })

    it('waits until it is ended', async () => {
      await fence.raise()
      let end: () => void = () => undefined
      answers.KILL = () => new Promise<void>((resolve) => (end = resolve))
      let isRaised = false
      const raising = fence.raise().then(() => (isRaised = true))
      await turn()
      expect(isRaised).to.equal(false)
      end()
      await raising
    })

    it('rejects where the connection fails, and ends the same one on the next', async () => {
      await fence.raise()
      answers.KILL = fail(new Error('ERR_STREAM_DESTROYED'))
      expect(await rejection(fence.raise())).to.have.property('message', 'ERR_STREAM_DESTROYED')
      answers.KILL = () => 1
      await fence.raise()
      expect(sent.filter((command) => command.includes('KILL ID 7'))).to.have.length(2)
      expect(logger.lines).to.deep.equal([])
    })

    for (const reply of [
      'NOAUTH Authentication required.',
      'LOADING Redis is loading the dataset in memory',
    ]) {
      it(`rejects where Redis is not usable: ${reply}`, async () => {
        answers.INFO = fail(new ErrorReply(reply))
        expect(await rejection(fence.raise())).to.have.property('message', reply)
        answers.INFO = () => FIRST
        await fence.raise()
        expect(sent).to.deep.equal(['CLIENT INFO', 'CLIENT INFO'])
        expect(logger.lines).to.deep.equal([])
      })
    }

    for (const reply of [
      'NOPERM this user has no permissions',
      "ERR Unknown subcommand or wrong number of arguments for 'INFO'",
    ]) {
      it(`says once that it is impossible, and asks no more: ${reply}`, async () => {
        answers.INFO = fail(new ErrorReply(reply))
        for (let time = 0; time < 3; time += 1) await fence.raise()
        expect(sent).to.deep.equal(['CLIENT INFO'])
        expect(logger.lines).to.deep.equal([
          {
            level: 'warn',
            message: WARNING,
            details: { cause: reply, remedy: 'ACL SETUSER … +client|kill +client|info' },
          },
        ])
      })
    }

    it('ends nobody where it was not told who it is', async () => {
      answers.INFO = () => 'something else'
      await fence.raise()
      await fence.raise()
      expect(sent).to.deep.equal(['CLIENT INFO', 'CLIENT INFO'])
    })

    it('does not take the address at which the server listens for that of the connection', async () => {
      answers.INFO = () => 'laddr=127.0.0.1:6379 sid=3 addr=10.0.0.1:1 id=5'
      await fence.raise()
      await fence.raise()
      expect(sent[1]).to.equal('CLIENT KILL ID 5 ADDR 10.0.0.1:1')
    })
  })
})
