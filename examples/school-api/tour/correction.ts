import type { StudentDashboard } from '../dashboards/student-dashboard'
import type { Reply, SchoolClient } from './school-client'

/** A grade that a teacher is going to correct. */
export interface Correction {
  readonly gradeId: number
  readonly subject: string
  readonly from: number
  readonly to: number
}

/** Takes the first grade on a student's dashboard and thinks of another score for it. */
export async function planCorrection(client: SchoolClient, student: string): Promise<Correction> {
  const { body } = await client.dashboard<StudentDashboard>(student)
  const [first] = body.grades
  if (first === undefined) throw new Error('Expected the student to have a grade')
  const { gradeId, subject, score } = first
  return { gradeId, subject, from: score, to: score < 100 ? score + 1 : 99 }
}

/** Asks for the correction in the name of a teacher. */
export function correct(
  client: SchoolClient,
  { gradeId, to }: Correction,
  teacher: string,
): Promise<Reply<unknown>> {
  return client.send(`/grades/${String(gradeId)}`, { method: 'PUT', token: teacher, json: { score: to } })
}

/** What a student sees of a grade. */
export async function seenScore(
  client: SchoolClient,
  student: string,
  gradeId: number,
): Promise<number | undefined> {
  const { body } = await client.dashboard<StudentDashboard>(student)
  return body.grades.find((grade) => grade.gradeId === gradeId)?.score
}
