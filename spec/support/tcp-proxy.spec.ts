import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { expect } from 'chai'
import { eventually } from './eventually'
import { TcpProxy } from './tcp-proxy'

const REPLY_BYTES = 100

describe('TcpProxy', () => {
  let server: Server
  let proxy: TcpProxy
  let received: string
  let clients: Socket[]
  let serverSockets: Socket[]

  // Answers each byte with a hundred of the same.
  beforeEach(async () => {
    received = ''
    clients = []
    serverSockets = []
    server = createServer((socket) => {
      serverSockets.push(socket)
      socket.on('error', () => undefined)
      socket.on('data', (bytes) => {
        received += bytes.toString()
        socket.write(bytes.toString().repeat(REPLY_BYTES))
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    proxy = await TcpProxy.start((server.address() as AddressInfo).port)
  })

  afterEach(async () => {
    for (const client of clients) client.destroy()
    await proxy.close()
    for (const socket of serverSockets) socket.destroy()
    server.close()
  })

  async function dial(): Promise<{ client: Socket; got: () => string; errors: string[] }> {
    const client = connect(proxy.port, '127.0.0.1')
    clients.push(client)
    let got = ''
    const errors: string[] = []
    client.on('data', (bytes) => (got += bytes.toString()))
    client.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code ?? error.message))
    await once(client, 'connect')
    return { client, got: () => got, errors }
  }

  it('passes bytes on in both directions, and the end of either side', async () => {
    const { client, got } = await dial()
    client.write('a')
    await eventually(() => got().length === REPLY_BYTES)
    expect(got()).to.equal('a'.repeat(REPLY_BYTES))
    serverSockets[0]?.end()
    await once(client, 'close')
    await eventually(() => proxy.connections === 0)

    const other = await dial()
    await eventually(() => serverSockets.length === 2)
    const closed = once(serverSockets[1] as Socket, 'close')
    other.client.destroy()
    await closed
  })

  it('swallows what is sent over old and new connections, and ends neither side', async () => {
    const old = await dial()
    await eventually(() => serverSockets.length === 1)
    proxy.blackhole()
    const fresh = await dial()
    old.client.write('a')
    fresh.client.write('b')
    proxy.pass()
    const healed = await dial()
    healed.client.write('c')
    await eventually(() => healed.got().length === REPLY_BYTES)
    expect(received).to.equal('c')
    expect([old.got(), fresh.got()]).to.deep.equal(['', ''])
    old.client.destroy()
    await eventually(() => proxy.connections === 2)
    expect(serverSockets[0]?.destroyed).to.equal(false)
    expect([...old.errors, ...fresh.errors]).to.deep.equal([])
  })

  it('delivers late what it held back, although the sender is gone and others were served meanwhile', async () => {
    const { client } = await dial()
    client.write('a')
    await eventually(() => received === 'a')
    proxy.holdBack()
    client.write('b')
    const other = await dial()
    other.client.write('c')
    await eventually(() => received === 'ac')
    client.destroy()
    await eventually(() => proxy.connections === 1)
    expect(serverSockets[0]?.destroyed).to.equal(false)
    proxy.release()
    await eventually(() => received === 'acb')
    await eventually(() => serverSockets[0]?.destroyed === true)
  })

  it('delays every reply, and none of them for ever', async () => {
    const { client, got } = await dial()
    proxy.delayReplies(200)
    const begun = performance.now()
    client.write('a')
    await eventually(() => got().length === REPLY_BYTES)
    expect(performance.now() - begun).to.be.greaterThan(190)
  })

  it('lets replies trickle, and has lost nothing of them in the end', async () => {
    const { client, got } = await dial()
    proxy.throttleReplies(1)
    client.write('abc')
    await eventually(() => got().length > 0)
    expect(got().length).to.be.lessThan(3 * REPLY_BYTES)
    await eventually(() => got() === 'abc'.repeat(REPLY_BYTES))
    client.write('d'.repeat(100))
    await eventually(() => got().length > 3 * REPLY_BYTES)
    proxy.pass()
    await eventually(() => got().length === 103 * REPLY_BYTES)
  })

  it('resets a connection in mid-reply, and lets the next one through', async () => {
    const { client, got, errors } = await dial()
    proxy.cutReplies(42)
    client.write('a')
    await eventually(() => client.closed)
    expect(got()).to.have.length.at.most(42)
    expect(errors).to.deep.equal(['ECONNRESET'])
    const other = await dial()
    other.client.write('b')
    await eventually(() => other.got().length === REPLY_BYTES)
  })

  it('refuses connections until it accepts them again, on the same port', async () => {
    const { client, errors } = await dial()
    const { port } = proxy
    await proxy.refuse()
    await eventually(() => client.closed)
    expect(errors).to.deep.equal(['ECONNRESET'])
    const [refused] = (await once(connect(port, '127.0.0.1'), 'error')) as [NodeJS.ErrnoException]
    expect(refused.code).to.equal('ECONNREFUSED')
    await proxy.accept()
    expect(proxy.port).to.equal(port)
    const other = await dial()
    other.client.write('b')
    await eventually(() => other.got().length === REPLY_BYTES)
  })
})
