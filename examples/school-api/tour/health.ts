import type { Health } from 'holdfast'
import { setTimeout as pause } from 'node:timers/promises'
import type { SchoolInstance } from './school-instance'

type Status = Health['status']

const EVERY_MS = 20
const AT_MOST_MS = 20_000

/** What an instance says of itself: `ok` on Redis, `degraded` while memory stands in for it. */
export async function healthOf({ client }: SchoolInstance): Promise<Status> {
  const { body } = await client.send<{ status: Status }>('/health')
  return body.status
}

/**
 * Waits until all instances say a certain thing of themselves, and returns how long that took, in milliseconds.
 *
 * @throws Error where they don't within twenty seconds
 */
export async function untilHealth(
  expected: Status,
  ...instances: readonly SchoolInstance[]
): Promise<number> {
  const start = performance.now()
  for (;;) {
    const found = await Promise.all(instances.map(healthOf))
    const elapsedMs = performance.now() - start
    if (found.every((status) => status === expected)) return elapsedMs
    if (elapsedMs > AT_MOST_MS)
      throw new Error(`Expected all to be ${expected} within 20 s, got ${found.join(', ')}`)
    await pause(EVERY_MS)
  }
}
