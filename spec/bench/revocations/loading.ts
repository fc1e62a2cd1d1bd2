import { once } from 'node:events'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as later } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { createClient } from 'redis'
import { createCache, createTokenBlacklist } from 'holdfast'
import { RedisServer } from '../../support/redis-server'

const COUNT = 1_000_000
const BATCH = 10_000
const LOG = 'holdfast:{ns=}:revocations:1d'
/** Whoever asks for a token before the copy is complete asks Redis: seldom, here. */
const LOOK_MS = 20

// Bytes as lib/auth/revocation.ts writes them.
const FILL = `
for i = ARGV[1], ARGV[1] + ARGV[2] - 1 do
  local hex = string.sub(redis.sha1hex(tostring(i)), 1, 32)
  local id = string.gsub(hex, '..', function (digits) return string.char(tonumber(digits, 16)) end)
  redis.call('XADD', KEYS[1], '*', 'r', '\\0' .. id .. struct.pack('>dd', ARGV[3], ARGV[3]) .. 'its nonce')
end`

interface Taken {
  readonly tookMs: number
  /** How long the event loop was held up: a timer itself takes about 1 ms. */
  readonly longestMs: number
  readonly p99Ms: number
}

/**
 * How long a process that starts takes to have all revocations there are, and what that does to its event loop; beside
 * it, what node-redis alone takes to read them.
 */
export async function measureLoading(): Promise<void> {
  const server = await RedisServer.start()
  const memory = await fill(server.url)
  console.log(`\nA start with ${String(COUNT)} revocations in Redis (${memory})`)
  const { used, ...taken } = await load(server.url)
  report(`until the copy is complete, ${(used / 1e6).toFixed(2)} s of them of this processor`, taken)
  const reader = new Worker(join(__dirname, 'reader.cjs'), { workerData: { url: server.url, log: LOG } })
  const [bare] = (await once(reader, 'message')) as [Taken]
  report('for node-redis to read them, and nothing else', bare)
  await server.close()
}

/** @returns how much memory Redis takes then. */
async function fill(url: string): Promise<string> {
  const client = await createClient({ url }).connect()
  const until = String(Math.ceil(Date.now() / 1000) + 80_000)
  for (let begin = 0; begin < COUNT; begin += BATCH)
    await client.eval(FILL, { keys: [LOG], arguments: [String(begin), String(BATCH), until] })
  const info = await client.info('memory')
  await client.close()
  return /used_memory_human:(\S+)/.exec(info)?.[1] ?? ''
}

async function load(url: string): Promise<Taken & { used: number }> {
  const cache = createCache({ redis: url, logger: false, commandTimeout: 1000 })
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const begun = performance.now()
  const before = process.cpuUsage()
  const blacklist = createTokenBlacklist({ cache })
  while (blacklist.judge({ id: '0'.repeat(32), claims: {} }) !== 'valid') await later(LOOK_MS)
  const tookMs = performance.now() - begun
  const { user, system } = process.cpuUsage(before)
  delay.disable()
  if (blacklist.count() !== COUNT) throw new Error(`Only ${String(blacklist.count())} have been read`)
  await cache.close()
  return {
    tookMs,
    longestMs: delay.max / 1e6,
    p99Ms: delay.percentile(99) / 1e6,
    used: user + system,
  }
}

function report(what: string, { tookMs, longestMs, p99Ms }: Taken): void {
  console.log(`  ${(tookMs / 1000).toFixed(2)} s ${what}`)
  console.log(
    `    ${longestMs.toFixed(1)} ms the longest that the event loop was held up, ${p99Ms.toFixed(1)} at p99`,
  )
}
