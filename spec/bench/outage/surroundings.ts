import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const PACKAGES = ['redis', 'bentocache', 'ioredis', 'cacheable', '@keyv/redis']

/** What it was measured on, in one line. */
export async function surroundings(): Promise<string> {
  const { stdout } = await promisify(execFile)('redis-server', ['--version'])
  const redis = /v=(\S+)/.exec(stdout)?.[1] ?? 'unknown'
  const packages = await Promise.all(PACKAGES.map(async (name) => `${name} ${await version(name)}`))
  const processors = `${String(cpus().length)} × ${cpus()[0]?.model ?? 'unknown'}`
  const load = `load average ${(loadavg()[0] ?? 0).toFixed(2)}`
  return `${processors}, ${load}, Node ${process.versions.node}, redis-server ${redis}; ${packages.join(', ')}`
}

async function version(name: string): Promise<string> {
  const file = join(__dirname, '../../../node_modules', name, 'package.json')
  const { version } = JSON.parse(await readFile(file, 'utf8')) as { version: string }
  return version
}
