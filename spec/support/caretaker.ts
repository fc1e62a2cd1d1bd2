import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

// Reads the id of the process in its care, line by line. When the line ends (we said goodbye, or this process is
// gone, by whatever signal) the process is killed and the folder removed.
const SCRIPT = `
  pid=
  while read -r line; do pid=$line; done
  [ -z "$pid" ] || kill -9 "$pid"
  rm -rf "$0"
`

/**
 * A shell that cleans up after a child of ours however we end, a SIGKILL included: the process in its care is
 * killed, also a stopped one, and its folder removed.
 */
export class Caretaker {
  readonly #shell: ChildProcess

  constructor(folder: string) {
    // Detached: Ctrl-C in the terminal is for us.
    this.#shell = spawn('/bin/sh', ['-c', SCRIPT, folder], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    })
    this.#shell.unref()
  }

  /** Takes this process into care instead of the one before; none for one that has ended. */
  watch(child?: ChildProcess): void {
    this.#shell.stdin?.write(`${String(child?.pid ?? '')}\n`)
  }

  /** Cleans up now and waits for it. */
  async finish(): Promise<void> {
    if (this.#shell.exitCode !== null) return
    this.#shell.ref()
    const exited = once(this.#shell, 'exit')
    this.#shell.stdin?.end()
    await exited
  }
}
