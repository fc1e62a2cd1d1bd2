import { execFile } from 'node:child_process'

/** How a program ended. */
export interface Outcome {
  status: number
  /** Both outputs, for a failed assertion to show. */
  output: string
  stdout: string
}

// What a test run puts there, and what would point a service at somebody's Redis.
const NOT_INHERITED = /^(REDIS_|TSX_|NODE_V8_COVERAGE$|npm_(?!config_)|npm_config_local_prefix$)/

/** Runs a program to its end in a folder, as it would run outside the tests. */
export function runProgram(cwd: string, command: string, ...args: string[]): Promise<Outcome> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !NOT_INHERITED.test(name)))
  return new Promise((resolve) => {
    execFile(command, args, { cwd, env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      const status = error === null ? 0 : typeof error.code === 'number' ? error.code : 1
      resolve({ status, stdout, output: `${command} ${args.join(' ')}\n${stdout}${stderr}` })
    })
  })
}

/** The same, for one that has to end well. */
export async function runToSuccess(cwd: string, command: string, ...args: string[]): Promise<Outcome> {
  const outcome = await runProgram(cwd, command, ...args)
  if (outcome.status !== 0) throw new Error(`Exit ${String(outcome.status)}: ${outcome.output}`)
  return outcome
}
