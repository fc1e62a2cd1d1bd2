import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'

/** Whether there is a `redis-server` on the PATH. */
export function hasRedisServer(): boolean {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  return folders.some((folder) => {
    try {
      accessSync(join(folder, 'redis-server'), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** A Redis of the tour's own: on a free port of this machine, with its data in a temporary folder. */
export class RedisServer {
  readonly #port: number
  readonly #folder: string
  #process: ChildProcess | undefined

  private constructor(port: number, folder: string) {
    this.#port = port
    this.#folder = folder
  }

  /** Finds a port and a folder; {@link start} starts it. */
  static async create(): Promise<RedisServer> {
    return new RedisServer(await freePort(), await mkdtemp(join(tmpdir(), 'school-api-tour-')))
  }

  /** Where it listens. */
  get url(): string {
    return `redis://127.0.0.1:${String(this.#port)}`
  }

  /** Starts it, with the data it had: every write was appended to a file. Resolves when it takes connections. */
  async start(): Promise<void> {
    const settings = ['--port', String(this.#port), '--bind', '127.0.0.1', '--dir', this.#folder]
    const child = spawn('redis-server', [...settings, '--save', '', '--appendonly', 'yes'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#process = child
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', () => {
        reject(new Error('redis-server ended before it was ready'))
      })
      createInterface(child.stdout).on('line', (line) => {
        if (/ready to accept connections/i.test(line)) resolve()
      })
    })
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    const child = this.#process
    if (child?.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  /** All that it has written to its folder, for a look at what it will know when it starts again. */
  async dataOnDisk(): Promise<string> {
    const found = await readdir(this.#folder, { recursive: true, withFileTypes: true })
    const files = found.filter((entry) => entry.isFile()).map((file) => join(file.parentPath, file.name))
    return (await Promise.all(files.map((file) => readFile(file, 'latin1')))).join('')
  }

  /** Ends it and removes its folder. */
  async remove(): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true, force: true })
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server on a TCP port has an address object.
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
