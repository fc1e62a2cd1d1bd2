import type { Database as SqlDatabase } from 'sql.js'
import { BulkInsert } from './bulk-insert'
import type { Random } from './random'
import type { Roster } from './people-seed'

/** The tests every student takes in every subject. */
const TESTS = ['Autumn test', 'Winter test'] as const

/** Five weeks of school days. */
const SCHOOL_DAYS = Array.from({ length: 25 }, (_, index) => {
  const day = new Date(Date.UTC(2026, 0, 12 + Math.floor(index / 5) * 7 + (index % 5)))
  return day.toISOString().slice(0, 10)
})

/** Fills `grades` and `attendance`, some 200,000 rows: each student has an ability and a habit of coming. */
export function seedMarks(
  db: SqlDatabase,
  random: Random,
  rosters: readonly Roster[],
  coursesOfClass: ReadonlyMap<number, readonly number[]>,
): void {
  const grades = new BulkInsert(db, 'grades', 5)
  const attendance = new BulkInsert(db, 'attendance', 3)
  let lastGradeId = 0

  for (const { id, classId } of rosters.flatMap((roster) => roster.students)) {
    const ability = random.around(66, 14)
    for (const courseId of coursesOfClass.get(classId) ?? []) {
      for (const test of TESTS) {
        lastGradeId += 1
        const score = Math.round(Math.min(100, Math.max(0, random.around(ability, 10))))
        grades.add(lastGradeId, id, courseId, test, score)
      }
    }
    const absences = 0.01 + 0.08 * random.next() ** 2
    for (const day of SCHOOL_DAYS) {
      const absent = random.chance(absences)
      const status = absent ? 'absent' : random.chance(0.03) ? 'late' : 'present'
      attendance.add(id, day, status)
    }
  }
  grades.finish()
  attendance.finish()
}
