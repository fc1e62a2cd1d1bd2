import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Order, Reply, Report } from './protocol'

const LAST_WORDS = 500

type Message = Reply | { readonly crashed: Report } | { readonly ready: true }

/** The runner's hold of an instance. Orders to one that has crashed are answered with `undefined`. */
export class InstanceProcess {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, (result: unknown) => void>()
  readonly #exited: Promise<unknown>
  #orders = 0
  #lastWords = ''
  #crashed: Report | undefined
  #hasExited = false

  private constructor(contender: string, port: number) {
    this.#child = fork(join(__dirname, 'instance.ts'), [contender, String(port)], {
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS)
    })
    this.#child.on('message', (message: Message) => {
      this.#take(message)
    })
    this.#exited = once(this.#child, 'exit').then(() => {
      this.#hasExited = true
      this.#answerAll()
    })
  }

  /** A process that waits for orders. */
  static async start(contender: string, port: number): Promise<InstanceProcess> {
    const instance = new InstanceProcess(contender, port)
    await Promise.race([once(instance.#child, 'message'), instance.#exited])
    return instance
  }

  /** Gives an order, and resolves when it has been carried out. */
  ask(order: Order): Promise<unknown> {
    if (this.#isGone) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      const id = ++this.#orders
      this.#waiting.set(id, resolve)
      // One that ends just now answers by its exit.
      this.#child.send({ id, order }, () => undefined)
    })
  }

  /** What it has measured; what it had when it crashed, where it did; nothing where it could not even say so. */
  async report(): Promise<{ report: Report | undefined; crash: string | undefined }> {
    const report = (await this.ask({ name: 'report' })) as Report | undefined
    if (this.#crashed !== undefined) return { report: this.#crashed, crash: this.#crashed.crash }
    return { report, crash: this.#hasExited ? this.#lastWords || 'It ended without a word' : undefined }
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }

  get #isGone(): boolean {
    return this.#hasExited || this.#crashed !== undefined
  }

  #take(message: Message): void {
    if ('crashed' in message) {
      this.#crashed = message.crashed
      this.#answerAll()
    } else if ('id' in message) {
      this.#waiting.get(message.id)?.(message.result)
      this.#waiting.delete(message.id)
    }
  }

  #answerAll(): void {
    for (const answer of this.#waiting.values()) answer(undefined)
    this.#waiting.clear()
  }
}
