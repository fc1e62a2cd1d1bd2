import { channel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { expect } from 'chai'
import { watchSocket } from '../../lib/client/socket-watch'
import { eventually } from '../support/eventually'

describe('watchSocket', () => {
  let server: Server
  let port: number
  const sockets: Socket[] = []

  before(async () => {
    server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.write('hello')
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  })

  after(() => {
    server.close()
  })

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy()
  })

  function open(): Socket {
    const socket = connect(port, '127.0.0.1')
    sockets.push(socket)
    return socket
  }

  it('catches sight of a socket before it is connected', () => {
    const { result, socket } = watchSocket(open)
    expect(socket).to.equal(result)
    expect(result.connecting).to.equal(true)
  })

  it('gives what the opener gives, a promise too', async () => {
    const { result, socket } = watchSocket(async () => {
      const opened = open()
      await once(opened, 'connect')
      return opened
    })
    expect(await result).to.equal(socket)
  })

  it('counts through it what has arrived', async () => {
    const { socket } = watchSocket(open)
    sockets[0]?.resume()
    await eventually(() => {
      expect(socket?.bytesRead).to.equal('hello'.length)
    })
  })

  it('ends through it what is not connected yet', async () => {
    const { result, socket } = watchSocket(open)
    const closed = once(result, 'close')
    socket?.destroy()
    await closed
    expect(result.destroyed).to.equal(true)
  })

  it('has the first where several are opened', () => {
    const { result, socket } = watchSocket(() => [open(), open()])
    expect(socket).to.equal(result[0])
  })

  it('has none where none is opened, whoever opens one before or afterwards', () => {
    open()
    const { socket } = watchSocket(() => undefined)
    open()
    expect(socket).to.equal(undefined)
  })

  it('does not mistake the socket of another for its own', () => {
    const first = watchSocket(open)
    const second = watchSocket(open)
    expect(second.socket).to.equal(second.result)
    expect(first.socket).to.equal(first.result)
  })

  it('throws as the opener does, and looks at sockets no longer', () => {
    const failure = new Error('no')
    expect(() =>
      watchSocket(() => {
        throw failure
      }),
    ).to.throw(failure)
    expect(channel('net.client.socket').hasSubscribers).to.equal(false)
  })

  it('looks at sockets no longer than the opener runs', () => {
    let isLooking = false
    watchSocket(() => (isLooking = channel('net.client.socket').hasSubscribers))
    expect(isLooking).to.equal(true)
    expect(channel('net.client.socket').hasSubscribers).to.equal(false)
  })
})
