import type { Database } from '../database/database'
import { notFound } from '../http-error'

/** A class's week. */
export interface Timetable {
  readonly class: string
  readonly school: string
  readonly lessons: readonly {
    /** 1 is Monday. */
    readonly weekday: number
    readonly period: number
    readonly subject: string
    readonly teacher: string
    readonly room: string
  }[]
}

const CLASS = `
  SELECT classes.name AS class, schools.name AS school
    FROM classes JOIN schools ON schools.id = classes.school_id WHERE classes.id = ?`

const LESSONS = `
  SELECT lessons.weekday, lessons.period, subjects.name AS subject, users.name AS teacher, lessons.room
    FROM lessons
    JOIN courses ON courses.id = lessons.course_id
    JOIN subjects ON subjects.id = courses.subject_id
    JOIN users ON users.id = courses.teacher_id
   WHERE lessons.class_id = ? ORDER BY lessons.weekday, lessons.period`

/** Reads timetables, which anybody may see. */
export class TimetableService {
  readonly #db: Database

  /** Over one database. */
  constructor(db: Database) {
    this.#db = db
  }

  /**
   * The week of a class.
   *
   * @throws HttpError 404 where there is no such class
   */
  async ofClass(classId: number): Promise<Timetable> {
    const found = await this.#db.first<Pick<Timetable, 'class' | 'school'>>(CLASS, classId)
    if (found === undefined) throw notFound('There is no such class')
    return { ...found, lessons: await this.#db.all(LESSONS, classId) }
  }
}
