import type { User } from '../auth/user'
import type { Database } from '../database/database'
import { NO_ACCOUNT, verifyPassword } from '../database/password'
import type { RoleName } from '../database/roles'
import { HttpError } from '../http-error'

/** A user with a name to greet. */
export interface Account extends User {
  readonly name: string
}

const BY_EMAIL = 'SELECT id, role, school_id AS schoolId, name, password FROM users WHERE email = ?'

/** Knows who may log in. */
export class AccountService {
  readonly #db: Database

  /** Over one database. */
  constructor(db: Database) {
    this.#db = db
  }

  /**
   * The account with this address and password.
   *
   * @throws HttpError 401; the same, and after the same time, for a wrong address as for a wrong password
   */
  async authenticate(email: string, password: string): Promise<Account> {
    const found = await this.#db.first<Row>(BY_EMAIL, email.toLowerCase())
    const isRight = await verifyPassword(password, found?.password ?? NO_ACCOUNT)
    if (found === undefined || !isRight) {
      throw new HttpError(401, 'invalid_credentials', 'No account has this address and password')
    }
    const { id, role, schoolId, name } = found
    return { id, role, schoolId, name }
  }
}

interface Row {
  readonly id: number
  readonly role: RoleName
  readonly schoolId: number | null
  readonly name: string
  readonly password: string
}
