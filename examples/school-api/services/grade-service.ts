import type { Database } from '../database/database'
import { forbidden, notFound } from '../http-error'
import type { DashboardService } from './dashboard-service'

/** A grade as it now stands. */
export interface ChangedGrade {
  readonly gradeId: number
  readonly score: number
}

/** One line of a gradebook. */
export interface GradebookEntry {
  readonly gradeId: number
  readonly student: string
  readonly test: string
  readonly score: number
}

const SCHOOL_OF_COURSE = `
  SELECT classes.school_id AS schoolId
    FROM courses JOIN classes ON classes.id = courses.class_id WHERE courses.id = ?`

const SCHOOL_OF_GRADE = `
  SELECT classes.school_id AS schoolId
    FROM grades
    JOIN courses ON courses.id = grades.course_id
    JOIN classes ON classes.id = courses.class_id
   WHERE grades.id = ?`

const BOOK = `
  SELECT grades.id AS gradeId, users.name AS student, grades.test, grades.score
    FROM grades JOIN users ON users.id = grades.student_id
   WHERE grades.course_id = ? ORDER BY users.name, grades.id`

const CHANGE = 'UPDATE grades SET score = ? WHERE id = ?'

/** Reads and changes grades, for the people of one school at a time. */
export class GradeService {
  readonly #db: Database
  readonly #dashboards: DashboardService

  /** @param dashboards what has to be told when a grade changes */
  constructor(db: Database, dashboards: DashboardService) {
    this.#db = db
    this.#dashboards = dashboards
  }

  /**
   * All grades of a course.
   *
   * @param schoolId the school of who is asking
   * @throws HttpError 404 where there is no such course, 403 where it is another school's
   */
  async book(courseId: number, schoolId: number): Promise<GradebookEntry[]> {
    await this.#requireSchool(SCHOOL_OF_COURSE, courseId, schoolId)
    return this.#db.all(BOOK, courseId)
  }

  /**
   * Changes a grade, then voids the dashboards of its school.
   *
   * @param schoolId the school of who is asking
   * @throws HttpError 404 where there is no such grade, 403 where it is another school's
   */
  async change({ gradeId, score }: ChangedGrade, schoolId: number): Promise<ChangedGrade> {
    await this.#requireSchool(SCHOOL_OF_GRADE, gradeId, schoolId)
    await this.#db.all(CHANGE, score, gradeId)
    await this.#dashboards.invalidateDashboardCache(schoolId)
    return { gradeId, score }
  }

  async #requireSchool(sql: string, id: number, schoolId: number): Promise<void> {
    const found = await this.#db.first<{ schoolId: number }>(sql, id)
    if (found === undefined) throw notFound('There is no such course or grade')
    if (found.schoolId !== schoolId) throw forbidden('This belongs to another school')
  }
}
