import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync } from 'node:fs'
import { copyFile, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Caretaker } from './caretaker'
import { eventually } from './eventually'
import { freePort } from './free-port'
import { processState } from './process-state'
import { redisCommand } from './redis-command'

/** How a server is set up. All of it outlives a restart. */
export interface RedisServerOptions {
  /** @default a free one */
  port?: number
  /** `requirepass`. @default none */
  password?: string
  /** `maxmemory`, as `2mb`. @default unlimited */
  maxmemory?: string
  /** `maxmemory-policy`. @default 'noeviction' */
  maxmemoryPolicy?: string
  /** Whether every acknowledged write outlives {@link RedisServer.kill}. @default false */
  persistent?: boolean
  /** More arguments for `redis-server`. */
  args?: readonly string[]
}

/** What a server starts from: what it has, nothing, or the file that {@link RedisServer.snapshot} gave. */
export type Dataset = 'same' | 'empty' | (string & {})

const START_TIMEOUT_MS = 10_000
const PORT_ATTEMPTS = 5
const RDB = 'dump.rdb'
const AOF = 'appendonly.aof'
const AOF_FOLDER = 'appendonlydir'

/** A real `redis-server` of a test's own: a process on 127.0.0.1 with a temporary folder, gone after {@link close}. */
export class RedisServer {
  /** Where it listens, also after a restart. */
  readonly port: number
  readonly #folder = mkdtempSync(join(tmpdir(), 'holdfast-redis-'))
  readonly #caretaker = new Caretaker(this.#folder)
  readonly #settings: Map<string, string>
  readonly #args: readonly string[]
  #process: ChildProcess | undefined
  #exited: Promise<unknown> = Promise.resolve()
  #snapshots = 0

  private constructor(port: number, options: RedisServerOptions) {
    this.port = port
    this.#args = options.args ?? []
    this.#settings = new Map([
      ['save', ''],
      ['appendonly', options.persistent === true ? 'yes' : 'no'],
      ['appendfsync', 'always'],
    ])
    if (options.password !== undefined) this.#settings.set('requirepass', options.password)
    if (options.maxmemory !== undefined) this.#settings.set('maxmemory', options.maxmemory)
    if (options.maxmemoryPolicy !== undefined) this.#settings.set('maxmemory-policy', options.maxmemoryPolicy)
  }

  /** A server that answers. */
  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    for (let attempt = 1; ; attempt++) {
      const server = await RedisServer.reserve(options)
      try {
        await server.start()
        return server
      } catch (error) {
        await server.close()
        // Somebody took the port between the look and the start.
        const isRace = error instanceof Error && error.message.includes('Address already in use')
        if (!isRace || options.port !== undefined || attempt === PORT_ATTEMPTS) throw error
      }
    }
  }

  /** A server that is not there yet: it has a port, which refuses connections until {@link start}. */
  static async reserve(options: RedisServerOptions = {}): Promise<RedisServer> {
    return new RedisServer(options.port ?? (await freePort()), options)
  }

  /** The password it asks for now, if any. */
  get password(): string | undefined {
    return this.#settings.get('requirepass') || undefined
  }

  /** What `REDIS_URL` would hold: with the password, database 0. */
  get url(): string {
    const login = this.password === undefined ? '' : `:${encodeURIComponent(this.password)}@`
    return `redis://${login}127.0.0.1:${String(this.port)}`
  }

  /** Starts the process, from what its folder holds, and waits until it answers. */
  async start(): Promise<void> {
    if (this.#process !== undefined) throw new Error('The server is running already')
    const child = spawn('redis-server', this.#arguments(), { stdio: 'ignore' })
    child.unref()
    this.#exited = new Promise((resolve) => child.once('exit', resolve))
    await once(child, 'spawn')
    this.#process = child
    this.#caretaker.watch(child)
    await this.#untilItServes(child)
  }

  /** Ends the process at once (SIGKILL), a stopped one too. What it has not written down is lost. */
  async kill(): Promise<void> {
    const child = this.#process
    if (child === undefined) return
    this.#process = undefined
    child.ref()
    child.kill('SIGKILL')
    await this.#exited
    this.#caretaker.watch()
  }

  /** Freezes the process (SIGSTOP): connections stay open, the kernel takes bytes, nothing is answered. */
  async stop(): Promise<void> {
    const child = this.#running()
    child.kill('SIGSTOP')
    await eventually(() => isStopped(child))
  }

  /** Lets a stopped process go on (SIGCONT), and waits until it answers. */
  async continue(): Promise<void> {
    const child = this.#running()
    child.kill('SIGCONT')
    await this.#untilItServes(child)
  }

  /**
   * Kills the process, if it runs, and starts it on the same port. With the same data set a running server
   * writes down what it has; one that was killed or stopped has only what it wrote down before.
   */
  async restart({ dataset = 'same' }: { dataset?: Dataset } = {}): Promise<void> {
    if (dataset === 'same' && (await this.#canSave())) await this.command('SAVE')
    await this.kill()
    if (dataset !== 'same') await this.#replaceDataset(dataset)
    await this.start()
  }

  /** The present data set as a file for {@link restart}. It goes with the server. */
  async snapshot(): Promise<string> {
    await this.command('SAVE')
    const file = join(this.#folder, `snapshot-${String(++this.#snapshots)}.rdb`)
    await copyFile(join(this.#folder, RDB), file)
    return file
  }

  /** `CONFIG SET`, which a restart keeps: `requirepass` (an empty one takes it away), `maxmemory` and so on. */
  async configSet(name: string, value: string): Promise<void> {
    await this.command('CONFIG', 'SET', name, value)
    this.#settings.set(name, value)
  }

  /** One command on a connection of its own; the reply as text. */
  command(...command: string[]): Promise<string> {
    return redisCommand(this, ...command)
  }

  /** Kills the process and removes its folder. Any number of times. */
  async close(): Promise<void> {
    await this.kill()
    await this.#caretaker.finish()
  }

  get #isPersistent(): boolean {
    return this.#settings.get('appendonly') === 'yes'
  }

  #arguments(): string[] {
    const settings = [...this.#settings].flatMap(([name, value]) => [`--${name}`, value])
    const own = [
      '--bind',
      '127.0.0.1',
      '--port',
      String(this.port),
      '--dir',
      this.#folder,
      '--logfile',
      'redis.log',
    ]
    return [...own, ...settings, ...this.#args]
  }

  #running(): ChildProcess {
    if (this.#process === undefined) throw new Error('The server is not running')
    return this.#process
  }

  async #untilItServes(child: ChildProcess): Promise<void> {
    const ownId = `process_id:${String(child.pid)}\r`
    const exited = this.#exited.then(() => 'exited')
    const outcome = await eventually(
      async () => {
        const info = await Promise.race([exited, this.command('INFO', 'server')])
        return info === 'exited' || info.includes(ownId) ? info : false
      },
      { withinMs: START_TIMEOUT_MS },
    )
    if (outcome !== 'exited') return
    this.#process = undefined
    throw new Error(`redis-server did not start:\n${await this.#log()}`)
  }

  async #log(): Promise<string> {
    const file = join(this.#folder, 'redis.log')
    return existsSync(file) ? readFile(file, 'utf8') : 'It wrote no log'
  }

  async #canSave(): Promise<boolean> {
    return !this.#isPersistent && this.#process !== undefined && !(await isStopped(this.#process))
  }

  async #replaceDataset(dataset: Dataset): Promise<void> {
    for (const name of [RDB, AOF, AOF_FOLDER])
      await rm(join(this.#folder, name), { recursive: true, force: true })
    // An append-only file may begin with a whole RDB, and one outside its folder is taken over.
    if (dataset !== 'empty') await copyFile(dataset, join(this.#folder, this.#isPersistent ? AOF : RDB))
  }
}

async function isStopped({ pid }: ChildProcess): Promise<boolean> {
  return pid !== undefined && (await processState(pid)) === 'T'
}
