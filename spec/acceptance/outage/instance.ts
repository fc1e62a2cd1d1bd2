import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { eventually } from '../../support/eventually'
import type { LogLine } from '../../support/recording-logger'
import type { Closing, commands } from './application/commands'

type Commands = typeof commands
type Reply = { id: number; result?: unknown; error?: string } | 'here' | Farewell

/** What an instance says last. */
export interface Farewell {
  closing: Closing | undefined
  log: LogLine[] | undefined
}

interface Waiting {
  resolve: (result: never) => void
  reject: (error: Error) => void
}

const PROGRAM = join(__dirname, 'application', 'program.ts')

/** An instance of the application, in a process of its own. */
export class Instance {
  readonly name: string
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  readonly #here: Promise<unknown>
  #farewell: Farewell | undefined
  #asked = 0

  constructor(name: string) {
    this.name = name
    this.#child = fork(PROGRAM, { execArgv: ['--expose-gc', '--import', 'tsx'], serialization: 'advanced' })
    this.#here = once(this.#child, 'message')
    this.#child.on('message', (reply: Reply) => {
      this.#hear(reply)
    })
    this.#child.on('exit', (code, signal) => {
      this.#fail(new Error(`Instance ${name} has ended: ${String(code ?? signal)}`))
    })
  }

  /** A process that listens to what it is told. */
  static async start(name: string): Promise<Instance> {
    const instance = new Instance(name)
    await instance.#here
    return instance
  }

  /** Tells it to do something, and resolves with what came of it. */
  ask<Name extends keyof Commands>(
    name: Name,
    ...args: Parameters<Commands[Name]>
  ): Promise<Awaited<ReturnType<Commands[Name]>>> {
    const id = ++this.#asked
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#child.send({ id, name, args }, (error) => {
        if (error !== null) reject(error)
      })
    })
  }

  /** Resolves when this store serves. */
  async reached(state: string, withinMs = 5000): Promise<void> {
    await eventually(async () => (await this.ask('state')) === state, { withinMs })
  }

  /** Resolves when so many calls more of the load have ended. */
  async goesOn(calls = 50): Promise<void> {
    const before = await this.ask('ended')
    await eventually(async () => (await this.ask('ended')) >= before + calls)
  }

  /** Asks it to end (SIGTERM). How it did, and what it said. */
  async terminate(): Promise<{ code: number | null; farewell: Farewell | undefined }> {
    const exit = once(this.#child, 'exit') as Promise<[code: number | null]>
    this.#child.kill('SIGTERM')
    const [code] = await exit
    return { code, farewell: this.#farewell }
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exit = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exit
  }

  #hear(reply: Reply): void {
    if (reply === 'here') return
    if ('closing' in reply) {
      this.#farewell = reply
      return
    }
    const waiting = this.#waiting.get(reply.id)
    this.#waiting.delete(reply.id)
    if (reply.error === undefined) waiting?.resolve(reply.result as never)
    else waiting?.reject(new Error(`Instance ${this.name}: ${reply.error}`))
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
