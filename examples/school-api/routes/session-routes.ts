import { Router } from 'express'
import type { RequestHandler } from 'express'
import type { Request } from 'express-jwt'
import type { TokenBlacklist } from 'holdfast'
import type { SessionTokens } from '../auth/session-tokens'
import { userOf } from '../auth/user'
import type { AccountService } from '../services/account-service'
import { readText } from './input'

/** What these routes stand on. */
export interface SessionDependencies {
  readonly accounts: AccountService
  readonly tokens: SessionTokens
  readonly blacklist: TokenBlacklist
  readonly signedIn: readonly RequestHandler[]
}

/** Logging in, out, and out everywhere. */
export function sessionRoutes({ accounts, tokens, blacklist, signedIn }: SessionDependencies): Router {
  const router = Router()

  router.post('/login', async (req, res) => {
    const email = readText('email', req.body)
    const { name, ...user } = await accounts.authenticate(email, readText('password', req.body))
    res.set('Cache-Control', 'no-store').json({ ...tokens.issue(user), name, role: user.role })
  })

  router.post('/logout', ...signedIn, async (req: Request, res) => {
    await blacklist.revoke({ ...req.auth })
    res.sendStatus(204)
  })

  router.post('/logout-everywhere', ...signedIn, async (req, res) => {
    const { newTokensFrom } = await blacklist.revokeAll(String(userOf(req).id))
    res.json({ newTokensFrom })
  })

  return router
}
