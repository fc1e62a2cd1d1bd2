import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { expect } from 'chai'
import { eventually } from './eventually'
import { processState } from './process-state'
import { redisCommand } from './redis-command'
import { RedisServer } from './redis-server'
import type { RedisServerOptions } from './redis-server'

describe('RedisServer', () => {
  const servers: RedisServer[] = []

  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()))
  })

  async function start(options?: RedisServerOptions): Promise<RedisServer> {
    const server = await RedisServer.start(options)
    servers.push(server)
    return server
  }

  it('answers as soon as it has started', async () => {
    const server = await start()
    expect(await server.command('PING')).to.equal('PONG')
    expect(server.url).to.equal(`redis://127.0.0.1:${String(server.port)}`)
  })

  it('is absent on its reserved port until it is started', async () => {
    const server = await RedisServer.reserve()
    servers.push(server)
    expect(await failure(server.command('PING'))).to.match(/ECONNREFUSED/)
    await server.start()
    expect(await server.command('PING')).to.equal('PONG')
  })

  it('asks for its password, also after a restart and one that was set later', async () => {
    const server = await start({ password: 'first' })
    expect(server.url).to.equal(`redis://:first@127.0.0.1:${String(server.port)}`)
    await server.configSet('requirepass', 'second word')
    await server.restart()
    expect(await failure(redisCommand({ port: server.port }, 'PING'))).to.match(/NOAUTH/)
    expect(await failure(redisCommand({ port: server.port, password: 'first' }, 'PING'))).to.match(
      /WRONGPASS/,
    )
    expect(await server.command('PING')).to.equal('PONG')
    expect(new URL(server.url).password).to.equal('second%20word')
  })

  it('has the memory limit it was given', async () => {
    const server = await start({ maxmemory: '2mb', maxmemoryPolicy: 'allkeys-lru' })
    expect(await server.command('CONFIG', 'GET', 'maxmemory*'))
      .to.include('2097152')
      .and.include('allkeys-lru')
    await server.configSet('maxmemory', '3mb')
    await server.restart()
    expect(await server.command('CONFIG', 'GET', 'maxmemory')).to.include('3145728')
  })

  it('refuses connections once killed, and comes back on the same port', async () => {
    const server = await start()
    await server.kill()
    expect(await failure(server.command('PING'))).to.match(/ECONNREFUSED/)
    await server.start()
    expect(await server.command('PING')).to.equal('PONG')
  })

  it('takes connections but does not answer while it is stopped, and answers after it goes on', async () => {
    const [server, other] = await Promise.all([start(), start()])
    await server.stop()
    const events: string[] = []
    const pong = server.command('PING').then((reply) => events.push(reply))
    for (let round = 0; round < 20; round++) await other.command('PING')
    events.push('goes on')
    await server.continue()
    await pong
    expect(events).to.deep.equal(['goes on', 'PONG'])
  })

  it('restarts with the same data set', async () => {
    const server = await start()
    await server.command('SET', 'colour', 'green')
    await server.restart()
    expect(await server.command('GET', 'colour')).to.equal('green')
  })

  it('restarts with an empty data set', async () => {
    const server = await start()
    await server.command('SET', 'colour', 'green')
    await server.restart()
    await server.restart({ dataset: 'empty' })
    expect(await server.command('DBSIZE')).to.equal('0')
  })

  it('restarts from an older data set', async () => {
    const server = await start()
    await server.command('SET', 'colour', 'green')
    const before = await server.snapshot()
    await server.command('SET', 'colour', 'blue')
    await server.kill()
    await server.restart({ dataset: before })
    expect(await server.command('GET', 'colour')).to.equal('green')
  })

  it('loses what it has not written down when it is killed', async () => {
    const server = await start()
    await server.command('SET', 'colour', 'green')
    await server.kill()
    await server.restart()
    expect(await server.command('DBSIZE')).to.equal('0')
  })

  it('keeps every acknowledged write when it is persistent', async () => {
    const server = await start({ persistent: true })
    await server.command('SET', 'colour', 'green')
    const before = await server.snapshot()
    await server.command('SET', 'colour', 'blue')
    await server.kill()
    await server.restart()
    expect(await server.command('GET', 'colour')).to.equal('blue')
    await server.restart({ dataset: before })
    expect(await server.command('GET', 'colour')).to.equal('green')
    await server.command('SET', 'colour', 'red')
    await server.kill()
    await server.restart()
    expect(await server.command('GET', 'colour')).to.equal('red')
  })

  it('runs beside others, each on a port and in a folder of its own', async () => {
    const places = await Promise.all((await Promise.all([start(), start(), start()])).map(whereabouts))
    expect(new Set(places.map(({ folder }) => folder)).size).to.equal(3)
    expect(new Set(places.map(({ pid }) => pid)).size).to.equal(3)
  })

  it('says why it did not start', async () => {
    const blocker = createServer().listen(0, '127.0.0.1')
    await once(blocker, 'listening')
    const address = blocker.address()
    if (address === null || typeof address === 'string') throw new Error('No port')
    expect(await failure(start({ port: address.port }))).to.match(/Address already in use/)
    blocker.close()
  })

  it('leaves no process and no folder after it is closed, not even a stopped one', async () => {
    const server = await start()
    const { pid, folder } = await whereabouts(server)
    await server.stop()
    await server.close()
    await server.close()
    expect(await processState(pid)).to.equal(undefined)
    expect(existsSync(folder)).to.equal(false)
  })

  for (const { signal, to } of [
    { signal: 'SIGINT', to: 'process group' },
    { signal: 'SIGKILL', to: 'process' },
  ] as const) {
    it(`leaves no process and no folder when its owner's ${to} gets a ${signal}`, async () => {
      const owner = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', OWNER], {
        cwd: join(__dirname, '..', '..'),
        stdio: ['ignore', 'pipe', 'inherit'],
        detached: true,
      })
      const [line] = (await once(createInterface(owner.stdout), 'line')) as [string]
      const { pid, folder } = JSON.parse(line) as { pid: number; folder: string }
      expect(await processState(pid)).to.equal('T')
      process.kill(to === 'process' ? Number(owner.pid) : -Number(owner.pid), signal)
      await eventually(async () => (await processState(pid)) === undefined && !existsSync(folder))
    })
  }
})

/** A program with a stopped server in its hands, which tells where it is and waits. */
const OWNER = `
  import support from './spec/support/redis-server.ts'
  const server = await support.RedisServer.start()
  const info = await server.command('INFO', 'server')
  const [, folder] = (await server.command('CONFIG', 'GET', 'dir')).split('\\n')
  await server.stop()
  console.log(JSON.stringify({ pid: Number(/process_id:(\\d+)/.exec(info)[1]), folder }))
  setInterval(() => {}, 1000)
`

async function whereabouts(server: RedisServer): Promise<{ pid: number; folder: string }> {
  const info = await server.command('INFO', 'server')
  const [, folder = ''] = (await server.command('CONFIG', 'GET', 'dir')).split('\n')
  return { pid: Number(/process_id:(\d+)/.exec(info)?.[1]), folder }
}

function failure(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no failure',
    (error: unknown) => String(error),
  )
}
