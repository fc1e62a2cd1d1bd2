import { milliseconds } from '../format'
import { measure } from '../measure'
import type { Stage } from '../stage'

/** A public page, kept as a whole response. */
export async function publicTimetable({ db, narrator, school }: Stage): Promise<void> {
  narrator.chapter('A timetable that anybody may see')
  narrator.say('GET /timetable/7, twice. The header Cache-Status says what was done:')
  const first = await school.client.send('/timetable/7')
  const second = await measure(db, () => school.client.send('/timetable/7'))
  for (const { ms, cacheStatus } of [first, second.result]) {
    narrator.row(milliseconds(ms).padStart(8), cacheStatus ?? 'no Cache-Status')
  }
  narrator.claim(
    'The second came from the cache.',
    second.result.cacheStatus?.startsWith('holdfast; hit'),
    true,
  )
  narrator.claim('No query was run for it.', second.queries, 0)
}
