/** One of the seeded schools. */
export interface SeededSchool {
  readonly name: string
  readonly city: string
  /** Mail domain of its people. */
  readonly domain: string
  /** Classes in each of the six years; each class has 25 students. */
  readonly classesPerYear: number
}

/** The seeded schools; their ids are 1, 2 and 3. */
export const SCHOOLS: readonly SeededSchool[] = [
  { name: 'Northgate School', city: 'Leeds', domain: 'northgate.example', classesPerYear: 12 },
  { name: 'Harbour School', city: 'Bristol', domain: 'harbour.example', classesPerYear: 11 },
  { name: 'Elmwood School', city: 'Norwich', domain: 'elmwood.example', classesPerYear: 10 },
]

/** What is taught; the ids are 1 to 8. */
export const SUBJECTS = [
  'Mathematics',
  'English',
  'Science',
  'History',
  'Geography',
  'Art',
  'Music',
  'Computing',
] as const

/** The years of a school, youngest first. */
export const YEARS = [7, 8, 9, 10, 11, 12] as const

/** Students in a class. */
export const CLASS_SIZE = 25

/** Teachers in a school. */
export const TEACHERS_PER_SCHOOL = 100

/** Office staff in a school. */
export const STAFF_PER_SCHOOL = 20
