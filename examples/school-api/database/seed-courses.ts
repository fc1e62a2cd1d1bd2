import type { Database as SqlDatabase } from 'sql.js'
import { BulkInsert } from './bulk-insert'
import { SUBJECTS } from './schools'
import type { Roster } from './people-seed'

const PERIODS = 5
const WEEKDAYS = 5

/**
 * Fills `subjects`, `courses` and `lessons`, and returns the courses of each class.
 *
 * The timetable has no clash. Every class has the same cycle of subjects, begun at another place, so two classes
 * have the same subject at the same time only if they are eight apart; a teacher has one subject in at most six
 * classes next to each other.
 */
export function seedCourses(db: SqlDatabase, rosters: readonly Roster[]): Map<number, number[]> {
  const subjects = new BulkInsert(db, 'subjects', 2)
  const courses = new BulkInsert(db, 'courses', 4)
  const lessons = new BulkInsert(db, 'lessons', 5)
  const coursesOfClass = new Map<number, number[]>()
  let lastCourseId = 0

  SUBJECTS.forEach((name, subject) => {
    subjects.add(subject + 1, name)
  })
  for (const { classIds, teacherIds } of rosters) {
    classIds.forEach((classId, position) => {
      const ofClass = SUBJECTS.map((_, subject) => {
        lastCourseId += 1
        const teachers = teacherIds.filter((_, index) => index % SUBJECTS.length === subject)
        const teacherId = teachers[Math.floor((position * teachers.length) / classIds.length)] ?? null
        courses.add(lastCourseId, classId, subject + 1, teacherId)
        return lastCourseId
      })
      coursesOfClass.set(classId, ofClass)
      for (let slot = 0; slot < WEEKDAYS * PERIODS; slot++) {
        const subject = (slot + position) % SUBJECTS.length
        const room = `${'ABCDEFGH'.charAt(subject)}${String(100 + (position % 30))}`
        const weekday = Math.floor(slot / PERIODS) + 1
        lessons.add(classId, weekday, (slot % PERIODS) + 1, ofClass[subject] ?? null, room)
      }
    })
  }
  for (const insert of [subjects, courses, lessons]) insert.finish()
  return coursesOfClass
}
