import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'

/**
 * A TCP connection that can be unplugged. As on a real one, what is sent meanwhile is not lost: it waits at the
 * ends and arrives when the cable is back, however the two have fared until then.
 */
export class Cable {
  readonly #target: number
  readonly #server: Server
  readonly #ends = new Set<Socket>()
  #waiting: (() => void)[] = []
  #isPlugged = true

  private constructor(target: number) {
    this.#target = target
    this.#server = createServer({ pauseOnConnect: true }, (client) => {
      this.#watch(client)
      if (this.#isPlugged) this.#join(client)
      else
        this.#waiting.push(() => {
          this.#join(client)
        })
    })
  }

  /** A cable to a port, plugged in. */
  static async to(target: number): Promise<Cable> {
    const cable = new Cable(target)
    cable.#server.listen(0, '127.0.0.1')
    await once(cable.#server, 'listening')
    return cable
  }

  /** Where its near end is. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  unplug(): void {
    this.#isPlugged = false
    for (const end of this.#ends) end.pause()
  }

  plug(): void {
    this.#isPlugged = true
    for (const end of this.#ends) end.resume()
    for (const join of this.#waiting.splice(0)) join()
  }

  close(): void {
    this.#server.close()
    for (const end of this.#ends) end.destroy()
  }

  #join(client: Socket): void {
    const server = connect(this.#target, '127.0.0.1')
    this.#watch(server)
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.on('data', (bytes) => to.write(bytes))
      from.on('close', () => {
        to.destroySoon()
      })
      from.resume()
    }
  }

  #watch(end: Socket): void {
    this.#ends.add(end.setNoDelay())
    end.on('error', () => undefined)
    end.on('close', () => this.#ends.delete(end))
  }
}
