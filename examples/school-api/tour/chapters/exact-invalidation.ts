import { correct, planCorrection, seenScore } from '../correction'
import { measure } from '../measure'
import type { Stage } from '../stage'

/** Who looks after the change, and whether their dashboard has to be computed again. */
const VIEWERS = [
  ["Northgate's school admin", 'admin@northgate.example', true],
  ['the super admin', 'super@schools.example', true],
  ["Harbour's school admin", 'admin@harbour.example', false],
  ["Elmwood's school admin", 'admin@elmwood.example', false],
] as const

/** A grade changes: what shows it is computed again, and nothing else is. */
export async function exactInvalidation({ db, narrator, school }: Stage): Promise<void> {
  narrator.chapter('A teacher at Northgate corrects a grade')
  const { client } = school
  const student = await client.logIn('student@northgate.example')
  const teacher = await client.logIn('teacher@northgate.example')
  const stranger = await client.logIn('teacher@harbour.example')

  const correction = await planCorrection(client, student)
  const refused = await correct(client, correction, stranger)
  narrator.claim('A teacher of another school may not do that: 403.', refused.status, 403)
  const { status } = await correct(client, correction, teacher)
  const { gradeId, subject, from, to } = correction
  narrator.claim(`Their own teacher may: ${subject}, ${String(from)} becomes ${String(to)}.`, status, 200)
  narrator.claim(`The student sees ${String(to)} at once.`, await seenScore(client, student, gradeId), to)

  narrator.say('Everybody else looks again:')
  for (const [who, email, isAffected] of VIEWERS) {
    const token = await client.logIn(email)
    const { queries } = await measure(db, () => client.dashboard(token))
    narrator.claim(
      `${who.padEnd(24)}  ${isAffected ? 'computed again' : 'still warm'}`,
      queries > 0,
      isAffected,
    )
  }
}
