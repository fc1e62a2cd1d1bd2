import { count, milliseconds } from '../format'
import { measure } from '../measure'
import type { SharedStage } from '../stage'

/** What one instance has computed, the other finds. */
export async function twoInstances({ db, narrator, redis, a, b }: SharedStage): Promise<void> {
  narrator.chapter('Two instances, one Redis')
  narrator.say(`A redis-server of the tour's own runs at ${redis.url}, its data in a temporary folder.`)
  narrator.say(
    'Instances A and B share it, and the database. Their memory, cache and HTTP server are their own.',
  )
  const token = await a.client.logIn('admin@northgate.example')
  const atA = await measure(db, () => a.client.dashboard(token))
  const atB = await measure(db, () => b.client.dashboard(token))
  narrator.row(
    'A, cold',
    `${milliseconds(atA.result.ms).padStart(8)} ${count(atA.rowsRead).padStart(8)} rows read`,
  )
  narrator.row(
    'B      ',
    `${milliseconds(atB.result.ms).padStart(8)} ${count(atB.rowsRead).padStart(8)} rows read`,
  )
  narrator.claimBetween('A has computed the dashboard.', atA.queries, [1, Infinity])
  narrator.claim('B, which has never seen it, finds it in Redis.', atB.queries, 0)
  narrator.claim('Both show the same.', atB.result.body, atA.result.body)
}
