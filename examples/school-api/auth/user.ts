import type { Request } from 'express-jwt'
import { isRoleName } from '../database/roles'
import type { RoleName } from '../database/roles'
import { HttpError, forbidden } from '../http-error'

/** Who is asking, as the token says. */
export interface User {
  readonly id: number
  readonly role: RoleName
  /** `null` for a super admin, who belongs to no school. */
  readonly schoolId: number | null
}

/** Who is asking, if it is somebody of a school. */
export interface SchoolUser extends User {
  readonly schoolId: number
}

/**
 * The user of a request that `signedIn` has let through.
 *
 * @throws HttpError 401 where the token verifies but does not say what this service puts into its tokens
 */
export function userOf(req: Request): User {
  const { sub, role, school }: Record<string, unknown> = { ...req.auth }
  const id = Number(sub)
  const isSchool = school === null || Number.isSafeInteger(school)
  if (!Number.isSafeInteger(id) || !isRoleName(role) || !isSchool) {
    throw new HttpError(401, 'invalid_token', 'The token is not one of ours')
  }
  return { id, role, schoolId: typeof school === 'number' ? school : null }
}

/**
 * A user who must belong to a school.
 *
 * @throws HttpError 403 for a super admin
 */
export function requireSchool({ id, role, schoolId }: User): SchoolUser {
  if (schoolId === null) throw forbidden('This is for people of a school')
  return { id, role, schoolId }
}
