import type { RequestHandler } from 'express'
import { expressjwt } from 'express-jwt'
import { sign } from 'jsonwebtoken'
import { randomUUID } from 'node:crypto'
import type { User } from './user'

const ISSUER = 'school-api'
const LIFETIME_SECONDS = 60 * 60

/** A token and how long it is good for. */
export interface IssuedToken {
  readonly token: string
  readonly expiresInSeconds: number
}

/** Issues and verifies the tokens of this service: signed with HS256, good for an hour. */
export class SessionTokens {
  /** Lets requests with a valid token through and leaves its claims in `req.auth`; the others get 401. */
  readonly verify: RequestHandler
  readonly #secret: string

  /** @param secret what tokens are signed with: the same on every instance of the service */
  constructor(secret: string) {
    this.#secret = secret
    this.verify = expressjwt({ secret, algorithms: ['HS256'], issuer: ISSUER })
  }

  /** A new token. Its `jti` is what a logout files the revocation under. */
  issue(user: User): IssuedToken {
    const claims = { role: user.role, school: user.schoolId }
    const token = sign(claims, this.#secret, {
      algorithm: 'HS256',
      issuer: ISSUER,
      subject: String(user.id),
      jwtid: randomUUID(),
      expiresIn: LIFETIME_SECONDS,
    })
    return { token, expiresInSeconds: LIFETIME_SECONDS }
  }
}
