import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Outcome } from './program'
import { runToSuccess } from './program'

const CONSUMERS = join(__dirname, 'consumers')

/** Which versions of what a household has, as package.json writes it. */
export type Dependencies = Record<string, string>

/** Projects under one folder that find their packages in its node_modules: installed once, shared by all. */
export class Household {
  readonly folder: string
  readonly #dependencies: Dependencies

  constructor(folder: string, dependencies: Dependencies) {
    this.folder = folder
    this.#dependencies = dependencies
  }

  /** Installs the packages and moves the consumers in. */
  async install(...consumers: string[]): Promise<void> {
    await mkdir(this.folder, { recursive: true })
    const manifest = { private: true, dependencies: this.#dependencies }
    await writeFile(join(this.folder, 'package.json'), JSON.stringify(manifest))
    for (const consumer of ['shared', ...consumers]) {
      await cp(join(CONSUMERS, consumer), join(this.folder, consumer), { recursive: true })
    }
    await this.run('.', 'npm', 'install', '--prefer-offline', '--no-package-lock', '--no-audit', '--no-fund')
  }

  /** Compiles a consumer with the TypeScript that lies in a folder. */
  compile(consumer: string, typescript: string, ...options: string[]): Promise<Outcome> {
    return this.run(
      consumer,
      process.execPath,
      join(typescript, 'bin', 'tsc'),
      '--pretty',
      'false',
      ...options,
    )
  }

  /** Runs a file of a consumer and reads the line of JSON that it ends with. */
  async report(consumer: string, file: string): Promise<Record<string, unknown>> {
    const { stdout } = await this.run(consumer, process.execPath, file)
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>
  }

  /** Runs a program in a consumer's folder; it has to end well. */
  run(consumer: string, command: string, ...args: string[]): Promise<Outcome> {
    return runToSuccess(join(this.folder, consumer), command, ...args)
  }
}
