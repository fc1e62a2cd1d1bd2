import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { TcpLink } from './tcp-link'
import type { ReplyTreatment } from './tcp-link'

/** A TCP proxy on 127.0.0.1 in front of one port, which does on the wire what networks do when they fail. */
export class TcpProxy {
  readonly #target: number
  readonly #links = new Set<TcpLink>()
  #listener: Server
  #port = 0
  #swallows = false
  #treatment: ReplyTreatment = {}

  private constructor(target: number) {
    this.#target = target
    this.#listener = this.#serve()
  }

  /** A proxy that listens, and passes everything on. */
  static async start(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target)
    await proxy.#listen()
    return proxy
  }

  /** Where it listens, also after {@link refuse}. */
  get port(): number {
    return this.#port
  }

  /** How many connections stand on the client's side. */
  get connections(): number {
    return [...this.#links].filter((link) => link.isOpen).length
  }

  /** Lets everything through from here on. What had vanished stays so: such a connection is never answered again. */
  pass(): void {
    this.#swallows = false
    this.#treat({})
  }

  /** Bytes vanish in both directions, and nobody is told: of the connections there are, and of new ones. */
  blackhole(): void {
    this.#swallows = true
    for (const link of this.#links) link.swallow()
  }

  /** Keeps what the clients of the present connections send, also when they are gone. New connections are let through. */
  holdBack(): void {
    for (const link of this.#links) link.holdBack()
  }

  /** Sends on what was held back. */
  release(): void {
    for (const link of this.#links) link.release()
  }

  /** Every reply takes this much longer, on every connection. */
  delayReplies(milliseconds: number): void {
    this.#treat({ delayMs: milliseconds })
  }

  /** Replies trickle, on every connection. */
  throttleReplies(bytesPerMs: number): void {
    this.#treat({ bytesPerMs })
  }

  /** Resets each connection there is (RST) after so many bytes of its next reply. New ones are let through. */
  cutReplies(afterBytes: number): void {
    for (const link of this.#links) link.cutNextReply(afterBytes)
  }

  /** Resets all connections (RST), and refuses new ones. */
  async refuse(): Promise<void> {
    const closed = once(this.#listener, 'close')
    this.#listener.close()
    for (const link of this.#links) link.reset()
    await closed
  }

  /** Takes connections again, on the same port. */
  async accept(): Promise<void> {
    this.#listener = this.#serve()
    await this.#listen()
  }

  /** Ends it, and every connection. Any number of times. */
  async close(): Promise<void> {
    for (const link of this.#links) link.reset()
    if (!this.#listener.listening) return
    const closed = once(this.#listener, 'close')
    this.#listener.close()
    await closed
  }

  #treat(treatment: ReplyTreatment): void {
    this.#treatment = treatment
    for (const link of this.#links) link.treatReplies(treatment)
  }

  #serve(): Server {
    return createServer((client) => {
      const link = new TcpLink(client, this.#target, () => this.#links.delete(link))
      this.#links.add(link)
      link.treatReplies(this.#treatment)
      if (this.#swallows) link.swallow()
    })
  }

  async #listen(): Promise<void> {
    this.#listener.listen(this.#port, '127.0.0.1')
    await once(this.#listener, 'listening')
    this.#port = (this.#listener.address() as AddressInfo).port
  }
}
