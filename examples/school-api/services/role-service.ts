import { Cached } from 'holdfast'
import type { Cache } from 'holdfast'
import type { Database } from '../database/database'
import type { Permission, RoleName } from '../database/roles'

/** A role and what it may do. */
export interface Role {
  readonly name: RoleName
  readonly permissions: readonly Permission[]
}

const PERMISSIONS = 'SELECT permission FROM permissions WHERE role = ?'

/** Looks up roles: needed at every request, changed hardly ever. */
export class RoleService {
  /** Where `@Cached` keeps what it keeps. */
  readonly cache: Cache
  readonly #db: Database

  /** Over one database and one cache. */
  constructor(db: Database, cache: Cache) {
    this.#db = db
    this.cache = cache
  }

  /** A role with its permissions; a role that may do nothing has none. */
  @Cached('role:{0}', '1h', { cache: (self: RoleService) => self.cache })
  async find(name: RoleName): Promise<Role> {
    const rows = await this.#db.all<{ permission: Permission }>(PERMISSIONS, name)
    return { name, permissions: rows.map((row) => row.permission) }
  }
}
