import { createCache, createTokenBlacklist } from 'holdfast'
import type { TokenBlacklist } from 'holdfast'
import type { BlacklistInstance } from '../../support/blacklist-instance'
import { connected, cutOff } from '../../support/blacklist-instance'
import { eventually } from '../../support/eventually'
import type { ManualClock } from '../../support/manual-clock'
import { TcpProxy } from '../../support/tcp-proxy'

/** What a scene has for all its sides. */
interface Scene {
  readonly port: number
  readonly namespace: string
  readonly clock: ManualClock
}

/** One of several instances over a Redis, with a wire of its own that can be cut. */
export class Side {
  readonly #scene: Scene
  readonly #wire: TcpProxy
  #instance: BlacklistInstance
  #isCut = false

  private constructor(scene: Scene, wire: TcpProxy) {
    this.#scene = scene
    this.#wire = wire
    this.#instance = this.#make()
  }

  /** A side whose copy is complete. */
  static async start(scene: Scene): Promise<Side> {
    const side = new Side(scene, await TcpProxy.start(scene.port))
    await side.complete()
    return side
  }

  get blacklist(): TokenBlacklist {
    return this.#instance.blacklist
  }

  get isCut(): boolean {
    return this.#isCut
  }

  /** Cuts the wire. */
  async cut(): Promise<void> {
    this.#isCut = true
    await this.#wire.refuse()
    await cutOff(this.#instance)
  }

  /** Mends it, and waits until Redis is in use. */
  async heal(): Promise<void> {
    if (!this.#isCut) return
    await this.#wire.accept()
    await connected(this.#instance)
    this.#isCut = false
  }

  /** Ends the process, as it were, and starts another. */
  async restart(): Promise<void> {
    await this.#instance.cache.close()
    this.#instance = this.#make()
    await this.complete()
  }

  /** Resolves when nobody has to be asked. */
  async complete(): Promise<void> {
    await eventually(() => this.blacklist.judge({ id: '0'.repeat(32), claims: {} }) === 'valid')
  }

  async close(): Promise<void> {
    await this.#instance.cache.close()
    await this.#wire.close()
  }

  #make(): BlacklistInstance {
    const { namespace, clock } = this.#scene
    // A busy machine is no outage.
    const commandTimeout = 2000
    const redis = `redis://127.0.0.1:${String(this.#wire.port)}`
    const cache = createCache({ redis, namespace, clock, commandTimeout, logger: false })
    return { cache, blacklist: createTokenBlacklist({ cache, maxTokenAge: '1h' }) }
  }
}
