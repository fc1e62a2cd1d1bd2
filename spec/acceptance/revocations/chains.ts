import type { IncomingMessage } from 'node:http'
import { verify } from 'jsonwebtoken'
import type { Algorithm } from 'jsonwebtoken'
import type { RequestHandler } from 'express'
import { expressjwt } from 'express-jwt'
import { importSPKI, jwtVerify } from 'jose'
import { Passport } from 'passport'
import { ExtractJwt, Strategy } from 'passport-jwt'
import { isRevokedFor, rejectBlacklisted } from 'holdfast'
import type { TokenBlacklist } from 'holdfast'

/** What tokens of a chain are signed with. */
export interface Signing {
  readonly algorithm: string
  /** A secret, or a public key as PEM. */
  readonly key: string
}

/** A verifier with the blacklist behind it, as an application has them. */
export type Chain = (signing: Signing, blacklist: TokenBlacklist) => RequestHandler[]

const bearer = (req: IncomingMessage): string => String(req.headers.authorization).slice('Bearer '.length)

/** Each way to verify tokens in an Express application, with the real libraries. */
export const chains: Readonly<Record<string, Chain>> = {
  'express-jwt': ({ algorithm, key }, blacklist) => [
    expressjwt({ secret: key, algorithms: [algorithm as Algorithm] }),
    rejectBlacklisted({ blacklist }),
  ],
  'express-jwt with isRevoked': ({ algorithm, key }, blacklist) => [
    expressjwt({
      secret: key,
      algorithms: [algorithm as Algorithm],
      isRevoked: isRevokedFor(blacklist),
    }),
  ],
  'passport-jwt, which leaves a row of the database': ({ algorithm, key }, blacklist) => {
    const passport = new Passport()
    const options = {
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKey: key,
      algorithms: [algorithm as Algorithm],
    }
    passport.use(
      new Strategy(options, (claims: { sub: string }, done: (error: unknown, user: object) => void) => {
        done(null, { id: claims.sub, name: 'Alice' })
      }),
    )
    return [
      passport.authenticate('jwt', { session: false }) as RequestHandler,
      rejectBlacklisted({ blacklist, token: 'bearer' }),
    ]
  },
  'jsonwebtoken by hand': ({ algorithm, key }, blacklist) => [
    (req, res, next) => {
      try {
        const claims = verify(bearer(req), key, { algorithms: [algorithm as Algorithm] })
        Object.assign(req, { user: claims })
      } catch {
        res.sendStatus(401)
        return
      }
      next()
    },
    rejectBlacklisted({ blacklist }),
  ],
  jose: ({ algorithm, key }, blacklist) => [
    (req, res, next) => {
      const isSecret = algorithm.startsWith('HS')
      const imported = isSecret ? Promise.resolve(Buffer.from(key)) : importSPKI(key, algorithm)
      imported
        .then((usable) => jwtVerify(bearer(req), usable, { algorithms: [algorithm] }))
        .then(
          ({ payload }) => {
            Object.assign(req, { auth: payload })
            next()
          },
          () => res.sendStatus(401),
        )
    },
    rejectBlacklisted({ blacklist }),
  ],
  'nothing: it verifies itself': ({ algorithm, key }, blacklist) => [
    rejectBlacklisted({ blacklist, verify: { key, algorithms: [algorithm] } }),
  ],
}
