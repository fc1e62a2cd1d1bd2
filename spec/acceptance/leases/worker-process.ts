import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Order, Report } from './worker'

interface Reply {
  readonly id: number
  readonly result?: unknown
  readonly error?: string
}

/** A process with a cache of its own. */
export class WorkerProcess {
  readonly #child: ChildProcess
  readonly #answered = new Map<number, (reply: Reply) => void>()
  #asked = 0
  #loading: (() => void)[] = []

  private constructor(child: ChildProcess) {
    this.#child = child
    child.on('message', (message: Reply | { loading: string }) => {
      if ('loading' in message) for (const tell of this.#loading.splice(0)) tell()
      else this.#answered.get(message.id)?.(message)
    })
  }

  /** One that is connected to this Redis. */
  static async start(url: string): Promise<WorkerProcess> {
    const child = fork(join(__dirname, 'worker.ts'), { execArgv: ['--import', 'tsx'] })
    await once(child, 'message')
    const worker = new WorkerProcess(child)
    await worker.tell({ connect: url })
    return worker
  }

  /** Has a key asked for by so many callers at once; the loader takes so long. */
  ask(key: string, { callers = 1, loadMs = 200 } = {}): Promise<Report> {
    return this.tell({ ask: key, callers, loadMs }) as Promise<Report>
  }

  /** Tells it to do something, and resolves with what came of it. */
  tell(order: Order): Promise<unknown> {
    const id = ++this.#asked
    return new Promise((resolve, reject) => {
      this.#answered.set(id, ({ result, error }) => {
        if (error === undefined) resolve(result)
        else reject(new Error(error))
      })
      this.#child.send({ id, order })
    })
  }

  /** Resolves when its next loader runs. */
  loading(): Promise<void> {
    return new Promise((resolve) => this.#loading.push(resolve))
  }

  /** Stops it where it is (SIGSTOP). */
  stop(): void {
    this.#child.kill('SIGSTOP')
  }

  /** Lets it go on (SIGCONT). */
  continue(): void {
    this.#child.kill('SIGCONT')
  }

  /** Ends it without a word (SIGKILL). */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exit = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exit
  }
}
