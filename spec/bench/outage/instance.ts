import { CallLog } from './call-log'
import { ChangedKeys } from './changed-keys'
import type { Contender } from './contenders/contender'
import { contenders } from './contenders/roster'
import type { Order, Report, Request } from './protocol'
import { SteadyLoad } from './steady-load'

const PROBE_INTERVAL_MS = 20
const PROBE_TTL_MS = 60_000

/** One process of an application: a contender and what is done with it, as the runner orders. */
class Instance {
  readonly #name: string
  readonly #port: number
  readonly #log = new CallLog()
  readonly #unhandledRejections: string[] = []
  #opened: Promise<Contender> | undefined
  #openedInMs: number | undefined
  #keys: ChangedKeys | undefined
  #load: SteadyLoad | undefined
  #probing: NodeJS.Timeout | undefined

  constructor(name: string, port: number) {
    this.#name = name
    this.#port = port
  }

  async do(order: Order): Promise<unknown> {
    switch (order.name) {
      case 'open':
        return this.#open()
      case 'seed':
        return this.#keys?.seed()
      case 'check':
        return this.#keys?.check()
      case 'load':
        return this.#startLoad()
      case 'watch':
        return this.#keys?.watch()
      case 'mark':
        this.#log.mark(order.phase)
        return
      case 'change':
        this.#keys?.change(order.index)
        return this.#keys !== undefined
      case 'expect':
        return this.#keys?.expect(order.index)
      case 'probe':
        return this.#probe()
      case 'stop probing':
        clearInterval(this.#probing)
        return
      case 'rest':
        this.#load?.stop()
        this.#keys?.stopWatching()
        return
      case 'report':
        return this.report()
    }
  }

  /** A rejection that nobody handles ends a process unless somebody listens. We count them. */
  noteUnhandled(reason: unknown): void {
    if (this.#log.isOutageOrLater) this.#unhandledRejections.push(String(reason))
  }

  report(crash?: string): Report {
    return {
      ...this.#log.sums(),
      ...(this.#openedInMs !== undefined && { openedInMs: this.#openedInMs }),
      unhandledRejections: this.#unhandledRejections,
      changes: this.#keys?.report() ?? { deleted: 0, ownLost: 0, othersLost: 0, staleReads: 0 },
      ...(crash !== undefined && { crash }),
    }
  }

  async #open(): Promise<void> {
    const startedAt = performance.now()
    const contender = contenders[this.#name]
    if (contender === undefined) throw new Error(`There is no contender ${this.#name}`)
    this.#opened = Promise.resolve(contender.open(this.#port))
    const cache = await this.#opened
    this.#openedInMs = performance.now() - startedAt
    this.#keys = new ChangedKeys(cache, this.#log)
  }

  /** The load begins when the application does. */
  async #startLoad(): Promise<void> {
    const cache = await this.#opened
    if (cache === undefined) return
    this.#load = new SteadyLoad(cache, this.#log)
    this.#load.start()
  }

  async #probe(): Promise<void> {
    const cache = await this.#opened
    let written = 0
    this.#probing = setInterval(() => {
      const key = `probe:${String(++written)}`
      void this.#log.track(() => cache?.set(key, { written }, PROBE_TTL_MS) ?? Promise.resolve())
    }, PROBE_INTERVAL_MS)
  }
}

async function main([name = '', port]: string[]): Promise<void> {
  const instance = new Instance(name, Number(port))
  const send = (message: object): void => {
    process.send?.(message)
  }
  process.on('unhandledRejection', (reason) => {
    instance.noteUnhandled(reason)
  })
  process.on('uncaughtException', (error) => {
    process.send?.({ crashed: instance.report(error.stack ?? String(error)) }, () => process.exit(1))
  })
  process.on('disconnect', () => process.exit())
  process.on('message', ({ id, order }: Request) => {
    instance.do(order).then(
      (result) => {
        send({ id, result })
      },
      (error: unknown) => {
        send({ crashed: instance.report(String(error)) })
      },
    )
  })
  await contenders[name]?.load?.()
  send({ ready: true })
}

void main(process.argv.slice(2))
