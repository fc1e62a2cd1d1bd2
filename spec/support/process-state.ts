import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** The letter that the system has for what a process does: `T` is stopped. None for one that has ended. */
export async function processState(pid: number): Promise<string | undefined> {
  const state = process.platform === 'linux' ? await stateFromProc(pid) : await stateFromPs(pid)
  // A zombie has ended: it waits to be asked how.
  return state === 'Z' ? undefined : state
}

async function stateFromProc(pid: number): Promise<string | undefined> {
  // `42 (redis-server) S 1 …`
  const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8').catch(() => '')
  return /\) (\w)/.exec(stat)?.[1]
}

async function stateFromPs(pid: number): Promise<string | undefined> {
  const ps = promisify(execFile)('ps', ['-o', 'state=', '-p', String(pid)])
  const { stdout } = await ps.catch(() => ({ stdout: '' }))
  return stdout.trim()[0]
}
