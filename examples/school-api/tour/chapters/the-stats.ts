import { count } from '../format'
import type { Stage } from '../stage'

interface Stats {
  readonly type: string
  readonly size: number
  readonly hits: number
  readonly misses: number
  readonly hitRatio: number
}

/** What the cache has counted meanwhile. */
export async function theStats({ db, narrator, school }: Stage): Promise<void> {
  narrator.chapter('What it came to')
  const { body } = await school.client.send<Stats>('/cache/stats')
  const { type, size, hits, misses, hitRatio } = body
  const ratio = `${(hitRatio * 100).toFixed(0)} %`
  narrator.say(
    `Kept in ${type}: ${count(size)} entries. Hits: ${count(hits)}, misses: ${count(misses)}, hit ratio: ${ratio}.`,
  )
  narrator.say(`The database ran ${count(db.work.queries)} queries and read ${count(db.work.rowsRead)} rows.`)
  narrator.claim('GET /cache/stats gives numbers and no keys.', 'keys' in body, false)
}
