import { seenScore } from '../correction'
import { measure } from '../measure'
import { untilHealth } from '../health'
import type { SharedStage } from '../stage'
import type { Aftermath } from './outage'

/** Redis comes back, with the data it had when it died, and both instances agree. */
export async function recovery(
  { db, narrator, redis, a, b }: SharedStage,
  { revoked, student, correction }: Aftermath,
): Promise<void> {
  narrator.chapter('Redis comes back')
  const remembered = await redis.dataOnDisk()
  const knows = ['dashboard:student:', 'blacklist:'].map((key) => remembered.includes(key))
  narrator.claim('It knows what it knew: the old dashboard, and nothing of the logout.', knows, [true, false])
  await redis.start()
  const waitedMs = await untilHealth('ok', a, b)
  narrator.say(
    `Both instances are on it again after ${(waitedMs / 1000).toFixed(1)} s. Nobody restarted them.`,
  )

  const statuses = [(await a.client.dashboard(revoked)).status, (await b.client.dashboard(revoked)).status]
  narrator.claim('The token is refused by both: 401.', statuses, [401, 401])
  const { gradeId, to } = correction
  const scores = [await seenScore(a.client, student, gradeId), await seenScore(b.client, student, gradeId)]
  narrator.claim(`The new score, ${String(to)}, shows at both.`, scores, [to, to])

  const again = await measure(db, async () => [
    await a.client.dashboard(student),
    await b.client.dashboard(student),
  ])
  narrator.claim('And both are warm again.', again.queries, 0)
}
