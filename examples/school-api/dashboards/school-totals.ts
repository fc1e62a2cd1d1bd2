import type { Database } from '../database/database'
import { ATTENDANCE_RATE } from './attendance-rate'

/** A school in a few numbers. */
export interface SchoolTotals {
  readonly id: number
  readonly name: string
  readonly city: string
  readonly students: number
  readonly teachers: number
  /** Out of 100, over all grades. */
  readonly averageScore: number | null
  /** In per cent, over all days. */
  readonly attendanceRate: number | null
}

const HEADCOUNT = `
  SELECT schools.id, schools.name, schools.city,
         sum(users.role = 'student') AS students, sum(users.role = 'teacher') AS teachers, count(*) AS rowsRead
    FROM schools JOIN users ON users.school_id = schools.id
   WHERE schools.id = ? GROUP BY schools.id`

const SCORES = `
  SELECT round(avg(grades.score), 1) AS averageScore, count(*) AS rowsRead
    FROM classes
    JOIN courses ON courses.class_id = classes.id
    JOIN grades ON grades.course_id = courses.id
   WHERE classes.school_id = ?`

const ATTENDANCE = `
  SELECT ${ATTENDANCE_RATE}, count(*) AS rowsRead
    FROM classes
    JOIN students ON students.class_id = classes.id
    JOIN attendance ON attendance.student_id = students.id
   WHERE classes.school_id = ?`

/** Reads every grade and every day of attendance of one school. */
export async function schoolTotals(db: Database, schoolId: number): Promise<SchoolTotals> {
  const headcount = await db.one<Omit<SchoolTotals, 'averageScore' | 'attendanceRate'>>(HEADCOUNT, schoolId)
  const scores = await db.one<Pick<SchoolTotals, 'averageScore'>>(SCORES, schoolId)
  const attendance = await db.one<Pick<SchoolTotals, 'attendanceRate'>>(ATTENDANCE, schoolId)
  return { ...headcount, ...scores, ...attendance }
}
