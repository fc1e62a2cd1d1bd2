import { channel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import tls from 'node:tls'
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

  describe('for TLS', () => {
    // A key that both know takes the place of a certificate.
    const shared = { ciphers: 'PSK', minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const
    const psk = Buffer.from('shared')
    let secure: tls.Server

    before(async () => {
      secure = tls.createServer({ ...shared, pskCallback: () => psk }, (socket) => {
        socket.on('error', () => undefined)
        socket.write('hello')
      })
      secure.listen(0, '127.0.0.1')
      await once(secure, 'listening')
    })

    after(() => {
      secure.close()
    })

    function openSecure(): tls.TLSSocket {
      const socket = tls.connect({
        ...shared,
        port: (secure.address() as AddressInfo).port,
        host: '127.0.0.1',
        checkServerIdentity: () => undefined,
        pskCallback: () => ({ psk, identity: 'holdfast' }),
      })
      sockets.push(socket)
      return socket
    }

    it('catches sight of it before it is connected, and ends it', async () => {
      const { result, socket } = watchSocket(openSecure)
      expect(socket).to.equal(result)
      expect(result.connecting).to.equal(true)
      const closed = once(result, 'close')
      socket?.destroy()
      await closed
    })

    it('counts what has arrived', async () => {
      const { result, socket } = watchSocket(openSecure)
      await once(result.resume(), 'secureConnect')
      await eventually(() => {
        expect(socket?.bytesRead).to.be.at.least('hello'.length)
      })
    })

    it('leaves tls.connect as it was, also where the opener throws', () => {
      const { connect: before } = tls
      watchSocket(openSecure)
      expect(tls.connect).to.equal(before)
      expect(() =>
        watchSocket(() => {
          throw new Error('no')
        }),
      ).to.throw('no')
      expect(tls.connect).to.equal(before)
    })
  })
})
