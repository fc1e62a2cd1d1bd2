import type { RequestHandler } from 'express'
import type { Permission } from '../database/roles'
import { forbidden } from '../http-error'
import type { RoleService } from '../services/role-service'
import { userOf } from './user'

/** Lets users through whose role has a permission; the others get 403. */
export function requirePermission(roles: RoleService, permission: Permission): RequestHandler {
  return async function requirePermission(req, _res, next) {
    const role = await roles.find(userOf(req).role)
    if (!role.permissions.includes(permission)) throw forbidden(`This takes the permission ${permission}`)
    next()
  }
}
