// The specs run against real Redis servers: this brings the program, or says how to get it.
import { spawnSync } from 'node:child_process'

if (!runs('redis-server', '--version')) bring()

function bring() {
  if (process.platform === 'darwin')
    fail('The specs need redis-server: run `brew install redis`, then try again.')
  if (process.platform !== 'linux' || !runs('apt-get', '--version')) {
    fail('The specs need redis-server on the PATH: install it, then try again.')
  }
  if (process.getuid() !== 0) {
    fail('The specs need redis-server: run `sudo apt-get install redis-server`, then try again.')
  }
  console.log('redis-server is not installed: apt-get update && apt-get install redis-server')
  apt('update')
  apt('install', '--yes', '--no-install-recommends', 'redis-server')
  if (!runs('redis-server', '--version')) fail('apt-get has installed redis-server, yet it does not run.')
}

function apt(...args) {
  // In runlevel 1 the package does not start the service: the specs start servers of their own.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  const { status, stdout, stderr } = spawnSync('apt-get', ['--quiet', ...args], { env, encoding: 'utf8' })
  if (status !== 0) fail(`apt-get ${args.join(' ')} failed:\n${stdout}${stderr}`)
}

function runs(command, argument) {
  return spawnSync(command, [argument], { stdio: 'ignore' }).status === 0
}

function fail(message) {
  console.error(message)
  process.exit(1)
}
