import type { Database } from '../database/database'
import { ATTENDANCE_RATE } from './attendance-rate'

/** A student's own grades beside those of the class. */
export interface StudentDashboard {
  readonly role: 'student'
  readonly name: string
  readonly class: string
  readonly classId: number
  readonly attendanceRate: number | null
  readonly grades: readonly {
    readonly gradeId: number
    readonly subject: string
    readonly test: string
    readonly score: number
  }[]
  readonly classAverages: readonly { readonly subject: string; readonly averageScore: number }[]
}

const STUDENT = `
  SELECT users.name, classes.name AS class, classes.id AS classId
    FROM students JOIN users ON users.id = students.id JOIN classes ON classes.id = students.class_id
   WHERE students.id = ?`

const ATTENDANCE = `SELECT ${ATTENDANCE_RATE}, count(*) AS rowsRead FROM attendance WHERE student_id = ?`

const GRADES = `
  SELECT grades.id AS gradeId, subjects.name AS subject, grades.test, grades.score
    FROM grades
    JOIN courses ON courses.id = grades.course_id
    JOIN subjects ON subjects.id = courses.subject_id
   WHERE grades.student_id = ? ORDER BY subjects.id, grades.id`

const CLASS_AVERAGES = `
  SELECT subjects.name AS subject, round(avg(grades.score), 1) AS averageScore, count(*) AS rowsRead
    FROM courses
    JOIN subjects ON subjects.id = courses.subject_id
    JOIN grades ON grades.course_id = courses.id
   WHERE courses.class_id = ? GROUP BY subjects.id ORDER BY subjects.id`

/** Reads the student's own rows and the grades of the class. */
export async function studentDashboard(db: Database, studentId: number): Promise<StudentDashboard> {
  const student = await db.one<Pick<StudentDashboard, 'name' | 'class' | 'classId'>>(STUDENT, studentId)
  const attendance = await db.one<Pick<StudentDashboard, 'attendanceRate'>>(ATTENDANCE, studentId)
  return {
    role: 'student',
    ...student,
    ...attendance,
    grades: await db.all(GRADES, studentId),
    classAverages: await db.all(CLASS_AVERAGES, student.classId),
  }
}
