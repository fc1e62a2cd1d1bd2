import type { Database } from '../database/database'
import { schoolTotals, type SchoolTotals } from './school-totals'

/** All schools side by side. */
export interface SuperAdminDashboard {
  readonly role: 'super_admin'
  readonly students: number
  readonly teachers: number
  readonly schools: readonly SchoolTotals[]
}

/** Reads every grade and every day of attendance there is. */
export async function superAdminDashboard(
  db: Database,
  schoolIds: readonly number[],
): Promise<SuperAdminDashboard> {
  const schools: SchoolTotals[] = []
  for (const schoolId of schoolIds) schools.push(await schoolTotals(db, schoolId))
  const total = (count: (school: SchoolTotals) => number) =>
    schools.reduce((sum, school) => sum + count(school), 0)
  return {
    role: 'super_admin',
    students: total((school) => school.students),
    teachers: total((school) => school.teachers),
    schools,
  }
}
