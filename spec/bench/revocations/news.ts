import { createCache, createTokenBlacklist } from 'holdfast'
import { RedisServer } from '../../support/redis-server'

const SECONDS = 8
const CHECKS_PER_MS = 1

/** How long after its acknowledgement a revocation is known to another instance that checks 1,000 tokens a second. */
export async function measureNews(): Promise<void> {
  const server = await RedisServer.start()
  const caches = [0, 1].map(() => createCache({ redis: server.url, logger: false }))
  const [one, other] = caches.map((cache) => createTokenBlacklist({ cache }))
  if (one === undefined || other === undefined) return
  const pending = new Map<string, number>()
  const delays: number[] = []
  const exp = Math.ceil(Date.now() / 1000) + 3600
  const end = performance.now() + SECONDS * 1000
  let [name, checks] = [0, 0]
  while (performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 1))
    name += 1
    const jti = String(name)
    void one.revoke({ jti, exp }).then(() => pending.set(jti, performance.now()))
    for (let check = 0; check < CHECKS_PER_MS; check += 1) {
      await Promise.all([one.isRevoked({ jti: `other-${jti}` }), other.isRevoked({ jti: `other-${jti}` })])
      checks += 2
    }
    for (const [each, since] of pending) {
      if (!(await other.isRevoked({ jti: each }))) continue
      delays.push(performance.now() - since)
      pending.delete(each)
    }
  }
  delays.sort((a, b) => a - b)
  const at = (part: number): string => (delays[Math.floor(part * (delays.length - 1))] ?? NaN).toFixed(1)
  console.log(
    `\n${String(name)} revocations and ${String(checks)} checks in ${String(SECONDS)} s on two instances`,
  )
  console.log(`  known elsewhere after ${at(0.5)} ms (p50), ${at(0.99)} ms (p99), ${at(1)} ms (longest)`)
  console.log(`  ${String(pending.size)} on their way at the end`)
  await Promise.all(caches.map((cache) => cache.close()))
  await server.close()
}
