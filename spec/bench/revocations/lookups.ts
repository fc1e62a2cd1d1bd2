import { createHash } from 'node:crypto'
import { createCache, createTokenBlacklist } from 'holdfast'
import { RevocationTable } from '../../../lib/auth/revocation-table'
import { identifyToken } from '../../../lib/auth/token-id'
import { systemClock } from '../../../lib/clock'
import { coarseNow } from '../../../lib/coarse-clock'

const COUNT = 1_000_000
const LOOKUPS = 500_000

/** The memory and the time that a copy of a million revocations takes. */
export async function measureLookups(): Promise<void> {
  const until = Math.ceil(Date.now() / 1000) + 3600
  const before = memory()
  const now = coarseNow(systemClock)
  const table = new RevocationTable(COUNT, () => now() / 1000)
  let peak = 0
  for (let name = 0; name < COUNT; name += 1) {
    const id = idOf(name)
    table.merge({ kind: 'token', id, value: until, until })
    if (name % 50_000 === 0) peak = Math.max(peak, memory() - before)
  }
  console.log(`\nA copy of ${String(COUNT)} revocations`)
  console.log(`  ${(table.bytes / COUNT).toFixed(1)} bytes each, ${(peak / COUNT).toFixed(1)} at the peak`)
  const [known, unknown] = [0, COUNT].map((from) =>
    Array.from({ length: 1000 }, (_, name) => idOf(from + name * 997)),
  )
  const found = perCall((call) => table.find(known?.[call % 1000] ?? ''))
  const missed = perCall((call) => table.find(unknown?.[call % 1000] ?? ''))
  console.log(`  ${missed.toFixed(3)} µs a look-up of what is not revoked, ${found.toFixed(3)} of what is`)

  const cache = createCache({ redis: false, logger: false })
  const blacklist = createTokenBlacklist({ cache })
  const revoked = Array.from({ length: 1000 }, (_, name) => ({ jti: `${idOf(name)}-revoked`, exp: until }))
  await Promise.all(revoked.map((each) => blacklist.revoke(each)))
  for (const [what, count] of [
    ['seen lately', 1000],
    ['not seen lately, which is hashed', 20_000],
  ] as const) {
    const jtis = Array.from({ length: count }, (_, name) => Buffer.from(idOf(name)))
    // A string of its own for each request, as it is parsed from its token.
    const check = perCall((call) => {
      const jti = jtis[call % count]?.toString('latin1') ?? ''
      return blacklist.judge(identifyToken({ jti, iss: 'https://issuer.example', iat: 1, exp: until }))
    })
    console.log(`  ${check.toFixed(3)} µs a check of claims with a jti that was ${what}`)
  }
  await cache.close()
}

function perCall(work: (call: number) => unknown): number {
  for (let call = 0; call < LOOKUPS / 10; call += 1) work(call)
  // Of the processor alone: others may be busy on the same machine.
  const begun = process.cpuUsage()
  for (let call = 0; call < LOOKUPS; call += 1) work(call)
  const { user, system } = process.cpuUsage(begun)
  return (user + system) / LOOKUPS
}

function memory(): number {
  globalThis.gc?.()
  return process.memoryUsage().arrayBuffers
}

function idOf(name: number): string {
  return createHash('sha256').update(String(name)).digest('hex').slice(0, 32)
}
