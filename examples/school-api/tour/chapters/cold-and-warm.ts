import type { Stage } from '../stage'
import { count, milliseconds } from '../format'
import { measure } from '../measure'

const VIEWERS = [
  ['super admin', 'super@schools.example'],
  ['school admin', 'admin@northgate.example'],
  ['teacher', 'teacher@northgate.example'],
  ['staff', 'staff@northgate.example'],
  ['student', 'student@northgate.example'],
  ['parent', 'parent@northgate.example'],
] as const

/** Each role looks at its dashboard twice. */
export async function coldAndWarm({ db, narrator, school }: Stage): Promise<void> {
  narrator.chapter('A cold dashboard, then a warm one')
  narrator.say('Six people log in and look at their dashboards, twice each.')
  narrator.row('              ', 'first request              ', 'second request')
  let coldRows = 0
  let warmQueries = 0
  let differences = 0
  for (const [role, email] of VIEWERS) {
    const token = await school.client.logIn(email)
    const cold = await measure(db, () => school.client.dashboard(token))
    const warm = await measure(db, () => school.client.dashboard(token))
    coldRows += cold.rowsRead
    warmQueries += warm.queries
    if (JSON.stringify(cold.result.body) !== JSON.stringify(warm.result.body)) differences += 1
    narrator.row(
      role.padEnd(14),
      `${milliseconds(cold.result.ms).padStart(8)} ${count(cold.rowsRead).padStart(8)} rows read`,
      `${milliseconds(warm.result.ms).padStart(8)} ${count(warm.rowsRead).padStart(3)} rows read`,
    )
  }
  narrator.claimBetween('The first time every row counts.', coldRows, [200_000, Infinity])
  narrator.claim('The second time nothing is asked of the database.', warmQueries, 0)
  narrator.claim('And everybody sees the same as the first time.', differences, 0)
}
