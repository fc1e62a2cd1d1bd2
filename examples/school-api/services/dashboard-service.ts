import { Cached } from 'holdfast'
import type { Cache, Stored } from 'holdfast'
import { requireSchool } from '../auth/user'
import type { SchoolUser, User } from '../auth/user'
import { parentDashboard } from '../dashboards/parent-dashboard'
import type { ParentDashboard } from '../dashboards/parent-dashboard'
import { schoolAdminDashboard } from '../dashboards/school-admin-dashboard'
import type { SchoolAdminDashboard } from '../dashboards/school-admin-dashboard'
import { staffDashboard } from '../dashboards/staff-dashboard'
import type { StaffDashboard } from '../dashboards/staff-dashboard'
import { studentDashboard } from '../dashboards/student-dashboard'
import type { StudentDashboard } from '../dashboards/student-dashboard'
import { superAdminDashboard } from '../dashboards/super-admin-dashboard'
import type { SuperAdminDashboard } from '../dashboards/super-admin-dashboard'
import { teacherDashboard } from '../dashboards/teacher-dashboard'
import type { TeacherDashboard } from '../dashboards/teacher-dashboard'
import type { Database } from '../database/database'
import { schoolTag } from './school-tag'

/** What `GET /dashboard` answers: by `role`, one of six. */
export type Dashboard =
  | SuperAdminDashboard
  | SchoolAdminDashboard
  | TeacherDashboard
  | StaffDashboard
  | StudentDashboard
  | ParentDashboard

const CACHE = { cache: (self: DashboardService) => self.cache }
const OF_SCHOOL = { ...CACHE, tags: (user: SchoolUser) => [schoolTag(user.schoolId)] }
const OF_SCHOOLS = { ...CACHE, tags: (schoolIds: readonly number[]) => schoolIds.map(schoolTag) }

/** Dashboards are dear to compute, so each is kept for five minutes, or until a grade at its school changes. */
export class DashboardService {
  /** Where `@Cached` keeps what it keeps. */
  readonly cache: Cache
  readonly #db: Database

  /** Over one database and one cache. */
  constructor(db: Database, cache: Cache) {
    this.#db = db
    this.cache = cache
  }

  /** The dashboard that fits a user's role. */
  async of(user: User): Promise<Dashboard> {
    switch (user.role) {
      case 'super_admin':
        return this.superAdmin(await this.schoolIds())
      case 'school_admin':
        return this.schoolAdmin(requireSchool(user))
      case 'teacher':
        return this.teacher(requireSchool(user))
      case 'staff':
        return this.staff(requireSchool(user))
      case 'student':
        return this.student(requireSchool(user))
      case 'parent':
        return this.parent(requireSchool(user))
    }
  }

  /** Voids every dashboard that shows something of a school, and no other. */
  invalidateDashboardCache(schoolId: number): Promise<Stored> {
    return this.cache.invalidateTags(schoolTag(schoolId))
  }

  /** All schools side by side. */
  @Cached('dashboard:super-admin', '5m', OF_SCHOOLS)
  async superAdmin(schoolIds: readonly number[]): Promise<SuperAdminDashboard> {
    return superAdminDashboard(this.#db, schoolIds)
  }

  /** One school, by subject and by year. */
  @Cached('dashboard:school-admin:{0.schoolId}', '5m', OF_SCHOOL)
  async schoolAdmin({ schoolId }: SchoolUser): Promise<SchoolAdminDashboard> {
    return schoolAdminDashboard(this.#db, schoolId)
  }

  /** What a teacher teaches. */
  @Cached('dashboard:teacher:{0.id}', '5m', OF_SCHOOL)
  async teacher({ id }: SchoolUser): Promise<TeacherDashboard> {
    return teacherDashboard(this.#db, id)
  }

  /** Who is missing at a school: one dashboard for its whole office. */
  @Cached('dashboard:staff:{0.schoolId}', '5m', OF_SCHOOL)
  async staff({ schoolId }: SchoolUser): Promise<StaffDashboard> {
    return staffDashboard(this.#db, schoolId)
  }

  /** A student's own grades. */
  @Cached('dashboard:student:{0.id}', '5m', OF_SCHOOL)
  async student({ id }: SchoolUser): Promise<StudentDashboard> {
    return studentDashboard(this.#db, id)
  }

  /** A parent's children. */
  @Cached('dashboard:parent:{0.id}', '5m', OF_SCHOOL)
  async parent({ id }: SchoolUser): Promise<ParentDashboard> {
    return parentDashboard(this.#db, id)
  }

  /** Which schools there are. */
  @Cached('school-ids', '1h', CACHE)
  async schoolIds(): Promise<number[]> {
    const schools = await this.#db.all<{ id: number }>('SELECT id FROM schools ORDER BY id')
    return schools.map((school) => school.id)
  }
}
