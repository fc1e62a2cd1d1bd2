/** What somebody at a school is. */
export type RoleName = 'super_admin' | 'school_admin' | 'teacher' | 'staff' | 'student' | 'parent'

/** What a role may do beyond looking at its own dashboard. */
export type Permission = 'gradebook:read' | 'grade:write'

/** The permissions the seed writes into the database, which is where the service reads them. */
export const SEEDED_PERMISSIONS: Readonly<Record<RoleName, readonly Permission[]>> = {
  super_admin: [],
  school_admin: ['gradebook:read'],
  teacher: ['gradebook:read', 'grade:write'],
  staff: [],
  student: [],
  parent: [],
}

/** Whether a value from outside (a token, a database row) names a role. */
export function isRoleName(value: unknown): value is RoleName {
  return typeof value === 'string' && Object.hasOwn(SEEDED_PERMISSIONS, value)
}
