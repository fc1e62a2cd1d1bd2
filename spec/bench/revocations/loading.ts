import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createClient } from 'redis'
import { createCache, createTokenBlacklist } from 'holdfast'
import { eventually } from '../../support/eventually'
import { RedisServer } from '../../support/redis-server'

const COUNT = 1_000_000
const BATCH = 10_000

// Bytes as lib/auth/revocation.ts writes them.
const FILL = `
for i = ARGV[1], ARGV[1] + ARGV[2] - 1 do
  local hex = string.sub(redis.sha1hex(tostring(i)), 1, 32)
  local id = string.gsub(hex, '..', function (digits) return string.char(tonumber(digits, 16)) end)
  redis.call('XADD', KEYS[1], '*', 'r', '\\0' .. id .. struct.pack('>dd', ARGV[3], ARGV[3]) .. 'its nonce')
end`

/** How long a process that starts takes to have all revocations there are, and what that does to its event loop. */
export async function measureLoading(): Promise<void> {
  const server = await RedisServer.start()
  const client = await createClient({ url: server.url }).connect()
  const until = String(Math.ceil(Date.now() / 1000) + 80_000)
  for (let begin = 0; begin < COUNT; begin += BATCH) {
    await client.eval(FILL, {
      keys: ['holdfast:{ns=}:revocations:1d'],
      arguments: [String(begin), String(BATCH), until],
    })
  }
  const memory = /used_memory_human:(\S+)/.exec(await client.info('memory'))?.[1] ?? ''
  await client.close()
  const cache = createCache({ redis: server.url, logger: false, commandTimeout: 1000 })
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const begun = performance.now()
  const used = process.cpuUsage()
  const blacklist = createTokenBlacklist({ cache })
  const none = { id: '0'.repeat(32), claims: {} }
  await eventually(() => blacklist.judge(none) === 'valid', { withinMs: 60_000 })
  const tookMs = performance.now() - begun
  const { user, system } = process.cpuUsage(used)
  delay.disable()
  console.log(`\nA start with ${String(blacklist.count())} revocations in Redis (${memory})`)
  console.log(
    `  ${(tookMs / 1000).toFixed(2)} s until the copy is complete, ${((user + system) / 1e6).toFixed(2)} s of them of this processor`,
  )
  console.log(`  ${(delay.max / 1e6).toFixed(1)} ms the longest that the event loop was held up`)
  console.log(`  ${(delay.percentile(99) / 1e6).toFixed(1)} ms at p99, of which a timer takes about 1`)
  await cache.close()
  await server.close()
}
