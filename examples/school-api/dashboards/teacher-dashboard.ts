import type { Database } from '../database/database'
import { ATTENDANCE_RATE } from './attendance-rate'

/** What a teacher teaches and how it goes. */
export interface TeacherDashboard {
  readonly role: 'teacher'
  readonly lessonsPerWeek: number
  readonly courses: readonly {
    readonly courseId: number
    readonly class: string
    readonly subject: string
    readonly averageScore: number
    readonly lowestScore: number
  }[]
  readonly attendance: readonly { readonly class: string; readonly attendanceRate: number }[]
}

const LESSONS = `
  SELECT count(*) AS lessonsPerWeek, count(*) AS rowsRead
    FROM courses JOIN lessons ON lessons.class_id = courses.class_id AND lessons.course_id = courses.id
   WHERE courses.teacher_id = ?`

const COURSES = `
  SELECT courses.id AS courseId, classes.name AS class, subjects.name AS subject,
         round(avg(grades.score), 1) AS averageScore, min(grades.score) AS lowestScore, count(*) AS rowsRead
    FROM courses
    JOIN classes ON classes.id = courses.class_id
    JOIN subjects ON subjects.id = courses.subject_id
    JOIN grades ON grades.course_id = courses.id
   WHERE courses.teacher_id = ? GROUP BY courses.id ORDER BY classes.year, classes.name`

const ATTENDANCE = `
  SELECT classes.name AS class, ${ATTENDANCE_RATE}, count(*) AS rowsRead
    FROM courses
    JOIN classes ON classes.id = courses.class_id
    JOIN students ON students.class_id = classes.id
    JOIN attendance ON attendance.student_id = students.id
   WHERE courses.teacher_id = ? GROUP BY classes.id ORDER BY attendanceRate`

/** Reads the grades of the teacher's courses and the attendance of their classes. */
export async function teacherDashboard(db: Database, teacherId: number): Promise<TeacherDashboard> {
  const { lessonsPerWeek } = await db.one<{ lessonsPerWeek: number }>(LESSONS, teacherId)
  return {
    role: 'teacher',
    lessonsPerWeek,
    courses: await db.all(COURSES, teacherId),
    attendance: await db.all(ATTENDANCE, teacherId),
  }
}
