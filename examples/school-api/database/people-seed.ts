import type { Database as SqlDatabase } from 'sql.js'
import { BulkInsert } from './bulk-insert'
import { FAMILY_NAMES, GIVEN_NAMES } from './names'
import type { Random } from './random'
import type { RoleName } from './roles'
import {
  CLASS_SIZE,
  SCHOOLS,
  STAFF_PER_SCHOOL,
  TEACHERS_PER_SCHOOL,
  YEARS,
  type SeededSchool,
} from './schools'

/** One school's people, as the rest of the seed needs them. */
export interface Roster {
  readonly classIds: readonly number[]
  readonly teacherIds: readonly number[]
  readonly students: readonly { readonly id: number; readonly classId: number }[]
}

/** How many families have two children at the school. */
const SIBLINGS = 0.25

/** Fills `schools`, `classes`, `users` and `students`. */
export class PeopleSeed {
  readonly #random: Random
  readonly #password: string
  readonly #schools: BulkInsert
  readonly #classes: BulkInsert
  readonly #users: BulkInsert
  readonly #students: BulkInsert
  #lastClassId = 0
  #lastUserId = 0

  /** @param password the one password hash that all seeded accounts share */
  constructor(db: SqlDatabase, random: Random, password: string) {
    this.#random = random
    this.#password = password
    this.#schools = new BulkInsert(db, 'schools', 3)
    this.#classes = new BulkInsert(db, 'classes', 4)
    this.#users = new BulkInsert(db, 'users', 6)
    this.#students = new BulkInsert(db, 'students', 3)
  }

  /** Inserts everybody and returns one roster for each school. */
  run(): Roster[] {
    this.#addUser(null, 'super_admin', 'super@schools.example')
    const rosters = SCHOOLS.map((school, index) => this.#addSchool(school, index + 1))
    for (const insert of [this.#schools, this.#classes, this.#users, this.#students]) insert.finish()
    return rosters
  }

  #addSchool(school: SeededSchool, schoolId: number): Roster {
    this.#schools.add(schoolId, school.name, school.city)
    const classIds = this.#addClasses(school, schoolId)
    this.#addUser(schoolId, 'school_admin', `admin@${school.domain}`)
    const teacherIds = Array.from({ length: TEACHERS_PER_SCHOOL }, (_, index) =>
      this.#addUser(schoolId, 'teacher', address('teacher', index, school)),
    )
    for (let index = 0; index < STAFF_PER_SCHOOL; index++) {
      this.#addUser(schoolId, 'staff', address('staff', index, school))
    }
    return { classIds, teacherIds, students: this.#addFamilies(school, schoolId, classIds) }
  }

  #addClasses(school: SeededSchool, schoolId: number): number[] {
    return Array.from({ length: school.classesPerYear * YEARS.length }, (_, index) => {
      this.#lastClassId += 1
      const year = YEARS[index % YEARS.length] ?? YEARS[0]
      const form = String.fromCharCode('A'.charCodeAt(0) + Math.floor(index / YEARS.length))
      this.#classes.add(this.#lastClassId, schoolId, year, `${String(year)}${form}`)
      return this.#lastClassId
    })
  }

  #addFamilies(school: SeededSchool, schoolId: number, classIds: readonly number[]): Roster['students'] {
    const enrolled: { id: number; classId: number }[] = []
    const places = classIds.length * CLASS_SIZE
    for (let index = 0; enrolled.length < places; index++) {
      const family = this.#random.pick(FAMILY_NAMES)
      const parentId = this.#addUser(schoolId, 'parent', address('parent', index, school), family)
      const children = Math.min(this.#random.chance(SIBLINGS) ? 2 : 1, places - enrolled.length)
      for (let child = 0; child < children; child++) {
        const classId = classIds[enrolled.length % classIds.length] ?? this.#lastClassId
        const id = this.#addUser(schoolId, 'student', address('student', enrolled.length, school), family)
        this.#students.add(id, classId, parentId)
        enrolled.push({ id, classId })
      }
    }
    return enrolled
  }

  #addUser(schoolId: number | null, role: RoleName, email: string, family?: string): number {
    this.#lastUserId += 1
    const name = `${this.#random.pick(GIVEN_NAMES)} ${family ?? this.#random.pick(FAMILY_NAMES)}`
    this.#users.add(this.#lastUserId, schoolId, role, name, email, this.#password)
    return this.#lastUserId
  }
}

/** The first of a role at a school has an address one can remember: `teacher@northgate.example`. */
function address(role: RoleName, index: number, school: SeededSchool): string {
  return index === 0 ? `${role}@${school.domain}` : `${role}-${String(index + 1)}@${school.domain}`
}
