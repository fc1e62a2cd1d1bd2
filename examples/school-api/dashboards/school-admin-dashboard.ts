import type { Database } from '../database/database'
import { schoolTotals, type SchoolTotals } from './school-totals'

/** One school, by subject and by year. */
export interface SchoolAdminDashboard {
  readonly role: 'school_admin'
  readonly school: SchoolTotals
  readonly bySubject: readonly { readonly subject: string; readonly averageScore: number }[]
  readonly byYear: readonly { readonly year: number; readonly averageScore: number }[]
}

const BY_SUBJECT = `
  SELECT subjects.name AS subject, round(avg(grades.score), 1) AS averageScore, count(*) AS rowsRead
    FROM classes
    JOIN courses ON courses.class_id = classes.id
    JOIN subjects ON subjects.id = courses.subject_id
    JOIN grades ON grades.course_id = courses.id
   WHERE classes.school_id = ? GROUP BY subjects.id ORDER BY averageScore DESC`

const BY_YEAR = `
  SELECT classes.year, round(avg(grades.score), 1) AS averageScore, count(*) AS rowsRead
    FROM classes
    JOIN courses ON courses.class_id = classes.id
    JOIN grades ON grades.course_id = courses.id
   WHERE classes.school_id = ? GROUP BY classes.year ORDER BY classes.year`

/** Reads every grade of the school three times and every day of attendance once. */
export async function schoolAdminDashboard(db: Database, schoolId: number): Promise<SchoolAdminDashboard> {
  return {
    role: 'school_admin',
    school: await schoolTotals(db, schoolId),
    bySubject: await db.all(BY_SUBJECT, schoolId),
    byYear: await db.all(BY_YEAR, schoolId),
  }
}
