import { RedisServer } from '../../support/redis-server'
import type { RedisServerOptions } from '../../support/redis-server'
import { TcpProxy } from '../../support/tcp-proxy'
import { Instance } from './instance'

/** The instances of the application. */
export const NAMES = ['a', 'b'] as const

/** One of them. */
export type Name = (typeof NAMES)[number]

/** The same for each instance. */
export type ForEach<Value> = Record<Name, Value>

/** One Redis, two instances of an application, and the wires between them. */
export class Scene {
  readonly server: RedisServer
  readonly wires: ForEach<TcpProxy>
  readonly instances: ForEach<Instance>
  /** What Redis had before the first of the changes that a fault must not undo: a file for a restart. */
  olderDataset = ''

  private constructor(server: RedisServer, wires: ForEach<TcpProxy>, instances: ForEach<Instance>) {
    this.server = server
    this.wires = wires
    this.instances = instances
  }

  /** A scene with a server of its own, for processes that are there. */
  static async set(instances: ForEach<Instance>, options: RedisServerOptions = {}): Promise<Scene> {
    const server = await RedisServer.start(options)
    const [a, b] = [await TcpProxy.start(server.port), await TcpProxy.start(server.port)]
    return new Scene(server, { a, b }, instances)
  }

  /** Starts the application in each process, with or without a wire that can be tampered with. */
  async open({ isWired }: { isWired: boolean }): Promise<void> {
    await this.each((name) => {
      const { url, port } = this.server
      const ownUrl = isWired ? url.replace(String(port), String(this.wires[name].port)) : url
      return this.instances[name].ask('open', name, ownUrl)
    })
  }

  /** Does the same with each instance, at once. */
  async each<Result>(
    work: (name: Name, instance: Instance) => Result | Promise<Result>,
    names: readonly Name[] = NAMES,
  ): Promise<ForEach<Result>> {
    const results = await Promise.all(
      names.map(async (name) => [name, await work(name, this.instances[name])] as const),
    )
    return Object.fromEntries(results) as ForEach<Result>
  }

  /** Resolves when all of them use Redis. */
  async ready(withinMs?: number): Promise<void> {
    await this.each((_, instance) => instance.reached('ready', withinMs))
  }

  /** Does something to each wire. */
  wire(work: (wire: TcpProxy) => unknown): Promise<unknown> {
    return Promise.all(NAMES.map((name) => work(this.wires[name])))
  }

  /** Ends the server and the wires. The processes live on. */
  async end(): Promise<void> {
    await this.wire((wire) => wire.close())
    await this.server.close()
  }
}

/** Processes for both instances. */
export async function startInstances(): Promise<ForEach<Instance>> {
  const [a, b] = await Promise.all(NAMES.map((name) => Instance.start(name)))
  return { a: a as Instance, b: b as Instance }
}
