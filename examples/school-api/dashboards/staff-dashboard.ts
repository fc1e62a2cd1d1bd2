import type { Database } from '../database/database'
import { ATTENDANCE_RATE } from './attendance-rate'

/** Who is missing: what the school office looks at in the morning. */
export interface StaffDashboard {
  readonly role: 'staff'
  readonly days: readonly {
    readonly day: string
    readonly attendanceRate: number
    readonly absent: number
    readonly late: number
  }[]
  /** The students who were absent most often. */
  readonly toCall: readonly { readonly student: string; readonly class: string; readonly absences: number }[]
}

const DAYS = `
  SELECT attendance.day, ${ATTENDANCE_RATE}, sum(attendance.status = 'absent') AS absent,
         sum(attendance.status = 'late') AS late, count(*) AS rowsRead
    FROM classes
    JOIN students ON students.class_id = classes.id
    JOIN attendance ON attendance.student_id = students.id
   WHERE classes.school_id = ? GROUP BY attendance.day ORDER BY attendance.day`

const TO_CALL = `
  SELECT users.name AS student, classes.name AS class, count(*) AS absences, count(*) AS rowsRead
    FROM classes
    JOIN students ON students.class_id = classes.id
    JOIN attendance ON attendance.student_id = students.id AND attendance.status = 'absent'
    JOIN users ON users.id = students.id
   WHERE classes.school_id = ? GROUP BY students.id ORDER BY absences DESC, student LIMIT 10`

/** Reads every day of attendance of the school. */
export async function staffDashboard(db: Database, schoolId: number): Promise<StaffDashboard> {
  return {
    role: 'staff',
    days: await db.all(DAYS, schoolId),
    toCall: await db.all(TO_CALL, schoolId),
  }
}
