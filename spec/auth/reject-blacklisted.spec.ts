import { once } from 'node:events'
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { expect } from 'chai'
import type { ErrorRequestHandler, Express, Request, RequestHandler } from 'express'
import { expressjwt, UnauthorizedError } from 'express-jwt'
import type { Request as JwtRequest } from 'express-jwt'
import jsonwebtoken, { sign, verify } from 'jsonwebtoken'
import type { JwtPayload, SignOptions } from 'jsonwebtoken'
import { ExtractJwt } from 'passport-jwt'
import {
  cacheResponse,
  createCache,
  createTokenBlacklist,
  InvalidOptionError,
  InvalidTokenError,
  rejectBlacklisted,
  setDefaultCache,
  TokenMissingError,
  TokenRejectedError,
  TokenRevokedError,
  tokenBlacklist,
  UnverifiedTokenError,
} from 'holdfast'
import type { Cache, RejectBlacklistedOptions, TokenBlacklist } from 'holdfast'
import { faultyClient } from 'holdfast/testing'
import type { FaultyClient } from 'holdfast/testing'
import sinon from 'sinon'
import { BlacklistInstances, connected, cutOff } from '../support/blacklist-instance'
import { eventually } from '../support/eventually'
import { expressVersions } from '../support/express-versions'
import { RecordingLogger } from '../support/recording-logger'
import { RedisServer } from '../support/redis-server'
import { p256Keys, rsaKeys, withEveryLastCharacter, withTwinSignature } from '../support/signing-keys'
import { useDefaultCache } from '../support/use-default-cache'
import { WebServer } from '../support/web-server'

const SECRET = 'a secret that only this spec knows'
const verified = expressjwt({ secret: SECRET, algorithms: ['HS256'] })

for (const [version, express] of expressVersions) {
  describe(`rejectBlacklisted under ${version}`, () => {
    let cache: Cache
    let blacklist: TokenBlacklist
    let errors: unknown[]
    const servers: WebServer[] = []

    beforeEach(() => {
      cache = createCache({ redis: false, logger: false })
      blacklist = createTokenBlacklist({ cache })
      errors = []
    })

    afterEach(async () => {
      await Promise.all(servers.splice(0).map((server) => server.close()))
      await cache.close()
    })

    /** An application whose routes stand behind these handlers; what goes wrong is noted, and left to Express. */
    async function serve(...chain: RequestHandler[]): Promise<WebServer> {
      return start((app) => {
        app.use('/api', ...chain)
        app.get('/api/me', (req: JwtRequest, res) => {
          res.json({ sub: req.auth?.sub ?? null })
        })
        app.post('/api/logout', (req: JwtRequest, res, next) => {
          blacklist.revoke(req).then(() => res.sendStatus(204), next)
        })
      })
    }

    async function start(routes: (app: Express) => void, answer?: ErrorRequestHandler): Promise<WebServer> {
      const app = express()
      // Else Express writes what goes wrong to the console.
      app.set('env', 'test')
      routes(app)
      const note: ErrorRequestHandler = (error, _req, _res, next) => {
        errors.push(error)
        next(error)
      }
      app.use(note)
      if (answer !== undefined) app.use(answer)
      const server = await WebServer.start(app)
      servers.push(server)
      return server
    }

    describe('behind express-jwt', () => {
      it('lets a token pass until it is revoked, then refuses it with 401', async () => {
        const server = await serve(verified, rejectBlacklisted({ blacklist }))
        const [token, other] = [newToken({ jwtid: 'one' }), newToken({ jwtid: 'other' })]
        expect(await statusOf(server, token)).to.equal(200)
        await blacklist.revoke(token)
        expect(await statusOf(server, token)).to.equal(401)
        expect(await statusOf(server, other)).to.equal(200)
      })

      it('refuses a token after the logout that revoked it by its request', async () => {
        const server = await serve(verified, rejectBlacklisted({ blacklist }))
        const token = newToken({ jwtid: 'one' })
        const { status } = await server.ask('/api/logout', { method: 'POST', headers: bearer(token) })
        expect(status).to.equal(204)
        expect(await statusOf(server, token)).to.equal(401)
      })

      it('refuses a token without a jti by what is signed', async () => {
        const server = await serve(verified, rejectBlacklisted({ blacklist }))
        const [token, other] = [newToken(), newToken({ audience: 'other' })]
        await blacklist.revoke(token)
        expect(await statusOf(server, token)).to.equal(401)
        expect(await statusOf(server, other)).to.equal(200)
      })

      it('refuses all tokens of a subject that has logged out everywhere', async () => {
        const server = await serve(verified, rejectBlacklisted({ blacklist }))
        await blacklist.revokeAll('7')
        expect(await statusOf(server, newToken({ jwtid: 'one' }))).to.equal(401)
        expect(await statusOf(server, newToken())).to.equal(401)
        expect(await statusOf(server, newToken({ subject: '8' }))).to.equal(200)
      })

      it('refuses every spelling of a revoked RS256 token that the verifier accepts', async () => {
        const { privateKey, publicKey } = rsaKeys()
        const secret = publicKey.export({ type: 'spki', format: 'pem' })
        const server = await serve(
          expressjwt({ secret, algorithms: ['RS256'] }),
          rejectBlacklisted({ blacklist }),
        )
        const token = sign({ sub: '7' }, privateKey, { algorithm: 'RS256', expiresIn: '1h' })
        const accepted: string[] = []
        for (const spelling of withEveryLastCharacter(token))
          if ((await statusOf(server, spelling)) === 200) accepted.push(spelling)
        expect(accepted).to.have.lengthOf(16)
        await blacklist.revoke(String(accepted.find((spelling) => spelling !== token)))
        for (const spelling of accepted) expect(await statusOf(server, spelling)).to.equal(401)
      })

      it('refuses the twin of a revoked ES256 token', async () => {
        const { privateKey, publicKey } = p256Keys()
        const secret = publicKey.export({ type: 'spki', format: 'pem' })
        const server = await serve(
          expressjwt({ secret, algorithms: ['ES256'] }),
          rejectBlacklisted({ blacklist }),
        )
        const token = sign({ sub: '7' }, privateKey, { algorithm: 'ES256', expiresIn: '1h' })
        expect(await statusOf(server, withTwinSignature(token))).to.equal(200)
        await blacklist.revoke(token)
        expect(await statusOf(server, withTwinSignature(token))).to.equal(401)
      })

      for (const jti of [7, '']) {
        it(`takes a token whose jti is ${JSON.stringify(jti)} for one without`, async () => {
          const server = await serve(verified, rejectBlacklisted({ blacklist }))
          const token = sign({ sub: '7', jti }, SECRET, { expiresIn: '1h' })
          expect(await statusOf(server, token)).to.equal(200)
          await blacklist.revoke(token)
          expect(await statusOf(server, token)).to.equal(401)
        })
      }

      for (const scheme of ['bearer', 'BEARER', 'bEaReR']) {
        it(`knows the scheme as '${scheme}' too`, async () => {
          const server = await serve(verified, rejectBlacklisted({ blacklist }))
          const token = newToken()
          const ask = () => server.get('/api/me', { authorization: `${scheme} ${token}` })
          expect((await ask()).status).to.equal(200)
          await blacklist.revoke(token)
          expect((await ask()).status).to.equal(401)
        })
      }

      for (const [what, authorization] of [
        ['nothing but the scheme', 'Bearer'],
        ['a scheme that only begins like it', 'Bearertoken one'],
      ] as const) {
        it(`finds no token in credentials of ${what}`, async () => {
          const server = await serve(rejectBlacklisted({ blacklist }))
          expect((await server.get('/api/me', { authorization })).status).to.equal(200)
          expect((await server.get('/api/me', { authorization: 'Bearer one' })).status).to.equal(500)
        })
      }

      for (const [what, write] of [
        ['two words', (token: string) => `Bearer ${token} x`],
        ['two words and a tab', (token: string) => `Bearer ${token}\t x`],
        ['a word and a tab and another word', (token: string) => `Bearer ${token}\tx`],
        ['a tab for a blank', (token: string) => `Bearer\t${token}`],
        ['a no-break space for a blank', (token: string) => `Bearer\u00a0${token}`],
      ] as const) {
        it(`refuses credentials of ${what}, in which passport-jwt finds a token`, async () => {
          let found: string | null = null
          const asPassport: RequestHandler = (req, _res, next) => {
            found = ExtractJwt.fromAuthHeaderAsBearerToken()(req)
            // A row of a database.
            Object.assign(req, { user: { id: 7 } })
            next()
          }
          const server = await serve(
            asPassport,
            rejectBlacklisted({ blacklist, token: 'bearer', whenMissing: 'pass' }),
          )
          const token = newToken()
          await blacklist.revoke(token)
          expect((await server.get('/api/me', { authorization: write(token) })).status).to.equal(400)
          expect(found).to.equal(token)
        })
      }

      it('takes several blanks for one', async () => {
        const server = await serve(
          rejectBlacklisted({ blacklist, verify: { key: SECRET, algorithms: ['HS256'] } }),
        )
        const token = newToken()
        const ask = () => server.get('/api/me', { authorization: `Bearer   ${token}` })
        expect((await ask()).status).to.equal(200)
        await blacklist.revoke(token)
        expect((await ask()).status).to.equal(401)
      })

      it('leaves it to the verifier to refuse requests without a token', async () => {
        const server = await serve(verified, rejectBlacklisted({ blacklist }))
        expect((await server.get('/api/me')).status).to.equal(401)
        expect(errors)
          .to.have.lengthOf(1)
          .and.satisfy(([error]: unknown[]) => error instanceof UnauthorizedError)
      })

      it('lets requests without a token pass where the verifier does', async () => {
        const optional = expressjwt({ secret: SECRET, algorithms: ['HS256'], credentialsRequired: false })
        const server = await serve(optional, rejectBlacklisted({ blacklist }))
        expect((await server.get('/api/me')).status).to.equal(200)
        const token = newToken()
        await blacklist.revoke(token)
        expect(await statusOf(server, token)).to.equal(401)
      })

      it('lets requests with credentials of another scheme pass where the verifier does', async () => {
        const optional = expressjwt({ secret: SECRET, algorithms: ['HS256'], credentialsRequired: false })
        const server = await serve(optional, rejectBlacklisted({ blacklist }))
        expect((await server.get('/api/me', { authorization: 'Basic YWxpY2U6c2VjcmV0' })).status).to.equal(
          200,
        )
      })
    })

    describe('behind what leaves claims elsewhere', () => {
      const byHand: RequestHandler = (req: Request & { user?: unknown }, _res, next) => {
        req.user = verify(String(req.headers.authorization).slice('Bearer '.length), SECRET)
        next()
      }

      it('finds them in req.user', async () => {
        const server = await serve(byHand, rejectBlacklisted({ blacklist }))
        for (const token of [newToken({ jwtid: 'one' }), newToken()]) {
          expect(await statusOf(server, token)).to.equal(200)
          await blacklist.revoke(token)
          expect(await statusOf(server, token)).to.equal(401)
        }
      })

      const bearer = (req: IncomingMessage): string =>
        String(req.headers.authorization).slice('Bearer '.length)

      it('refuses to guess which token was verified where req.user is a row of the database', async () => {
        const likePassport: RequestHandler = (req: Request & { user?: unknown }, _res, next) => {
          req.user = { id: 7, name: 'Alice' }
          next()
        }
        const server = await serve(likePassport, rejectBlacklisted({ blacklist }))
        expect(await statusOf(server, newToken())).to.equal(500)
        expect(await statusOf(server, 'a.e30.c')).to.equal(500)
      })

      it('takes a row of the database for no claims also where it has a jti', async () => {
        const likePassport: RequestHandler = (req: Request & { user?: unknown }, _res, next) => {
          req.user = { id: 7, jti: 'a column of that name' }
          next()
        }
        const server = await serve(likePassport, rejectBlacklisted({ blacklist }))
        expect(await statusOf(server, newToken({ jwtid: 'one' }))).to.equal(500)
        expect(errors[0]).to.be.instanceOf(InvalidTokenError)
        expect(String(errors[0])).to.match(/req\.user is no claims of a token.*\{ token: 'bearer' \}/)
      })

      it('takes claims in req.auth for verified also where the token has no times', async () => {
        const server = await serve(verified, rejectBlacklisted({ blacklist }))
        const token = sign({ sub: '7', jti: 'one' }, SECRET, { noTimestamp: true })
        expect(await statusOf(server, token)).to.equal(200)
        await blacklist.revoke(token, { lifetime: '1d' })
        expect(await statusOf(server, token)).to.equal(401)
      })

      it('identifies the token that it is shown where req.user is a row of the database', async () => {
        const likePassport: RequestHandler = (req: Request & { user?: unknown }, _res, next) => {
          verify(String(req.headers.authorization).slice('Bearer '.length), SECRET)
          req.user = { id: 7, name: 'Alice' }
          next()
        }
        const server = await serve(likePassport, rejectBlacklisted({ blacklist, token: bearer }))
        for (const token of [newToken({ jwtid: 'one' }), newToken()]) {
          expect(await statusOf(server, token)).to.equal(200)
          await blacklist.revoke(token)
          expect(await statusOf(server, token)).to.equal(401)
        }
      })
    })

    describe('behind a verifier that takes the token from a cookie', () => {
      const fromCookie = expressjwt({
        secret: SECRET,
        algorithms: ['HS256'],
        getToken: (req) => /(?:^|; )session=([^;]+)/.exec(req.headers.cookie ?? '')?.[1],
      })

      it('refuses by the claims in req.auth', async () => {
        const server = await serve(fromCookie, rejectBlacklisted({ blacklist }))
        const token = newToken({ jwtid: 'one' })
        const ask = () => server.get('/api/me', { cookie: `theme=dark; session=${token}` })
        expect((await ask()).status).to.equal(200)
        await blacklist.revoke(token)
        expect((await ask()).status).to.equal(401)
      })

      it('lets no token pass that cannot be identified: claims without a jti are an error', async () => {
        const server = await serve(fromCookie, rejectBlacklisted({ blacklist }))
        const { status } = await server.get('/api/me', { cookie: `session=${newToken()}` })
        expect(status).to.equal(500)
        expect(errors)
          .to.have.lengthOf(1)
          .and.satisfy(([error]: unknown[]) => error instanceof InvalidTokenError)
      })

      it('is not led astray by another token in the Authorization header', async () => {
        const server = await serve(fromCookie, rejectBlacklisted({ blacklist }))
        const revoked = newToken()
        await blacklist.revoke(revoked)
        await blacklist.revokeAll('8')
        for (const token of [revoked, newToken({ subject: '8' })]) {
          for (const other of [newToken({ subject: '9' }), sign({ sub: '9' }, 'a secret of the attacker')]) {
            const headers = { cookie: `session=${token}`, ...bearer(other) }
            expect((await server.get('/api/me', headers)).status).not.to.equal(200)
          }
        }
      })
    })

    describe('ahead of the verifier, or without one', () => {
      it('fails with 500 for every bearer token, revoked or not', async () => {
        const server = await serve(rejectBlacklisted({ blacklist }), verified)
        const [token, other] = [newToken(), newToken({ jwtid: 'other' })]
        await blacklist.revoke(token)
        for (const one of [token, other, 'garbage']) expect(await statusOf(server, one)).to.equal(500)
        for (const error of errors) {
          expect(error).to.be.instanceOf(UnverifiedTokenError)
          expect(error).to.include({ code: 'unverified_token', status: 500 })
          expect(String(error))
            .to.match(/put it behind express-jwt.*req\.auth/)
            .and.not.include('eyJ')
        }
        expect(errors).to.have.lengthOf(3)
      })

      it('lets requests without a token pass', async () => {
        const server = await serve(rejectBlacklisted({ blacklist }))
        expect((await server.get('/api/me')).status).to.equal(200)
      })
    })

    describe('told where the token stands', () => {
      const likePassport: RequestHandler = (req, _res, next) => {
        Object.assign(req, { user: { id: 7, name: 'Alice' } })
        next()
      }

      it('in a cookie: identifies that', async () => {
        const server = await serve(
          likePassport,
          rejectBlacklisted({ blacklist, token: { cookie: 'session' } }),
        )
        const token = newToken()
        const ask = () => server.get('/api/me', { cookie: `theme=dark; session=${token}` })
        expect((await ask()).status).to.equal(200)
        await blacklist.revoke(token)
        expect((await ask()).status).to.equal(401)
      })

      it('refuses two cookies of that name, of which nobody knows which was verified', async () => {
        const server = await serve(
          likePassport,
          rejectBlacklisted({ blacklist, token: { cookie: 'session' } }),
        )
        const cookie = `session=${newToken()}; session=${newToken({ jwtid: 'other' })}`
        const { status, headers } = await server.get('/api/me', { cookie })
        expect(status).to.equal(400)
        expect(headers['www-authenticate']).to.equal(
          'Bearer error="invalid_request", error_description="Exactly one token was expected"',
        )
      })

      it('refuses two of them also where blanks stand around a name, which parsers drop', async () => {
        const server = await serve(
          likePassport,
          rejectBlacklisted({ blacklist, token: { cookie: 'session' } }),
        )
        for (const first of ['session =', 'session\t=', ' session = ']) {
          const cookie = `${first}${newToken()}; session=${newToken({ jwtid: 'other' })}`
          expect((await server.get('/api/me', { cookie })).status).to.equal(400)
        }
      })

      it('refuses two Authorization headers, of which nobody knows which was verified', async () => {
        const server = await serve(likePassport, rejectBlacklisted({ blacklist, token: 'bearer' }))
        const tokens = [newToken(), newToken({ jwtid: 'other' })]
        const authorization = tokens.map((token) => `Bearer ${token}`)
        for (const headers of [
          { authorization },
          ['Authorization', authorization[0], 'AUTHORIZATION', 'Basic x'],
        ])
          expect((await server.get('/api/me', headers as unknown as OutgoingHttpHeaders)).status).to.equal(
            400,
          )
        expect(errors[0]).to.include({ code: 'ambiguous_token' })
        expect(await statusOf(server, tokens[0] ?? '')).to.equal(200)
      })

      it('goes by whenMissing, once it is named, where a session let a user in', async () => {
        const statuses: Record<string, number> = {}
        for (const whenMissing of ['pass', 'reject'] as const) {
          const server = await serve(
            likePassport,
            rejectBlacklisted({ blacklist, token: 'bearer', whenMissing }),
          )
          statuses[whenMissing] = (await server.get('/api/me')).status
        }
        expect(statuses).to.deep.equal({ pass: 200, reject: 401 })
      })

      it('lets no claims pass that stand elsewhere, whatever whenMissing says', async () => {
        const elsewhere: RequestHandler = (req, _res, next) => {
          Object.assign(req, { user: { sub: '7', iat: 1 } })
          next()
        }
        const server = await serve(
          elsewhere,
          rejectBlacklisted({ blacklist, token: 'bearer', whenMissing: 'pass' }),
        )
        expect((await server.get('/api/me')).status).to.equal(500)
      })

      it('lets no row of the database pass without that token', async () => {
        const server = await serve(likePassport, rejectBlacklisted({ blacklist, token: 'bearer' }))
        expect((await server.get('/api/me')).status).to.equal(500)
        expect(errors[0]).to.be.instanceOf(InvalidTokenError)
        expect(String(errors[0])).to.include("{ whenMissing: 'pass' }")
      })
    })

    describe('standing alone', () => {
      const alone = { key: SECRET, algorithms: ['HS256'], issuer: 'school', audience: ['app', 'site'] }
      const good: SignOptions = { issuer: 'school', audience: 'app' }

      it('refuses two Authorization headers', async () => {
        const server = await serve(rejectBlacklisted({ blacklist, verify: alone }))
        const authorization = [newToken(good), newToken(good)].map((token) => `Bearer ${token}`)
        const headers = { authorization } as unknown as OutgoingHttpHeaders
        expect((await server.get('/api/me', headers)).status).to.equal(400)
      })

      it('verifies a token once, and once more after it has been revoked and that was taken back', async () => {
        const verifying = sinon.spy(jsonwebtoken, 'verify')
        try {
          const server = await serve(rejectBlacklisted({ blacklist, verify: alone }))
          const token = newToken(good)
          for (let time = 0; time < 2; time += 1) expect(await statusOf(server, token)).to.equal(200)
          expect(verifying.callCount).to.equal(1)
          await blacklist.revoke(token)
          expect(await statusOf(server, token)).to.equal(401)
          await blacklist.restore(token)
          expect(await statusOf(server, token)).to.equal(200)
          expect(verifying.callCount).to.equal(2)
        } finally {
          verifying.restore()
        }
      })

      it('verifies, and leaves the claims in req.auth', async () => {
        const server = await serve(rejectBlacklisted({ blacklist, verify: alone }))
        const { status, text } = await server.get('/api/me', bearer(newToken(good)))
        expect([status, text]).to.deep.equal([200, '{"sub":"7"}'])
      })

      it('refuses after the logout that revoked by the request, each time', async () => {
        const server = await serve(rejectBlacklisted({ blacklist, verify: alone }))
        const token = newToken(good)
        for (let time = 0; time < 3; time += 1) expect(await statusOf(server, token)).to.equal(200)
        await server.ask('/api/logout', { method: 'POST', headers: bearer(token) })
        for (let time = 0; time < 3; time += 1) expect(await statusOf(server, token)).to.equal(401)
      })

      const refused: [what: string, token: () => string][] = [
        ['of another issuer', () => newToken({ ...good, issuer: 'library' })],
        ['for another audience', () => newToken({ ...good, audience: 'other' })],
        ['that has expired', () => newToken({ ...good, expiresIn: -1 })],
        ['with another algorithm', () => newToken({ ...good, algorithm: 'HS512' })],
        ['without a signature', () => sign({}, '', { ...good, algorithm: 'none' })],
        ['signed by somebody else', () => sign({}, 'a secret of the attacker', good)],
        ['that is none', () => 'k3Y'],
      ]
      for (const [what, token] of refused) {
        it(`refuses a token ${what}, and tells the client no more than of a revoked one`, async () => {
          const server = await serve(rejectBlacklisted({ blacklist, verify: alone }))
          const { status, headers } = await server.get('/api/me', bearer(token()))
          expect(status).to.equal(401)
          expect(headers['www-authenticate']).to.equal(
            'Bearer error="invalid_token", error_description="The token is expired, revoked or invalid"',
          )
          expect(errors[0]).to.be.instanceOf(TokenRejectedError)
          expect(errors[0]).to.include({ name: 'UnauthorizedError', code: 'rejected_token', status: 401 })
          expect(inspect(errors[0], { depth: 5 })).not.to.match(/eyJ|k3Y/)
        })
      }

      it('refuses a request without a token, with no error in the challenge', async () => {
        const server = await serve(rejectBlacklisted({ blacklist, verify: alone }))
        const { status, headers } = await server.get('/api/me')
        expect([status, headers['www-authenticate']]).to.deep.equal([401, 'Bearer'])
        expect(errors[0]).to.be.instanceOf(TokenMissingError)
      })

      it("lets it pass with whenMissing: 'pass'", async () => {
        const server = await serve(rejectBlacklisted({ blacklist, verify: alone, whenMissing: 'pass' }))
        expect((await server.get('/api/me')).text).to.equal('{"sub":null}')
      })

      it('refuses a second token in the query', async () => {
        const server = await serve(rejectBlacklisted({ blacklist, verify: alone }))
        const path = `/api/me?access_token=${newToken(good)}`
        expect((await server.get(path, bearer(newToken(good)))).status).to.equal(400)
        expect((await server.get(path)).status).to.equal(401)
      })

      it('refuses it however the name is escaped, and nothing that only looks like it', async () => {
        const server = await serve(rejectBlacklisted({ blacklist, verify: alone }))
        const ask = async (query: string) =>
          (await server.get(`/api/me?${query}`, bearer(newToken(good)))).status
        for (const query of ['access%5Ftoken=x', 'page=2&%61ccess_token=x', 'access_token'])
          expect(await ask(query)).to.equal(400)
        expect(await ask('q=a%26access_token%3Dx&no_access_token=x')).to.equal(200)
        // Names in a query are told apart by their case, by RFC 6750 §2.3 and by whoever reads them.
        expect(await ask('ACCESS_TOKEN=x')).to.equal(200)
      })

      it('takes the token from a cookie', async () => {
        const server = await serve(
          rejectBlacklisted({ blacklist, verify: alone, token: { cookie: 'session' } }),
        )
        expect((await server.get('/api/me', { cookie: `session=${newToken(good)}` })).status).to.equal(200)
        expect(await statusOf(server, newToken(good))).to.equal(401)
      })

      it('answers 503 with Retry-After where nobody can vouch and that is to be refused', async () => {
        const absent = createCache({ client: faultyClient(), logger: false })
        const strict = createTokenBlacklist({ cache: absent, whenStale: 'reject' })
        const server = await serve(rejectBlacklisted({ blacklist: strict, verify: alone }))
        await eventually(async () => {
          expect(await statusOf(server, newToken(good))).to.equal(200)
        })
        await absent.close()
        const silent = createCache({ client: downClient(), logger: false })
        const other = createTokenBlacklist({ cache: silent, whenStale: 'reject' })
        const down = await serve(rejectBlacklisted({ blacklist: other, verify: alone }))
        const { status, headers } = await down.get('/api/me', bearer(newToken(good)))
        await silent.close()
        expect([status, headers['retry-after'], headers['cache-control']]).to.deep.equal([
          503,
          '1',
          'no-store',
        ])
      })
    })

    describe("with respond: 'json'", () => {
      it('answers itself, in the words of RFC 6750', async () => {
        const server = await serve(verified, rejectBlacklisted({ blacklist, respond: 'json' }))
        const token = newToken()
        await blacklist.revoke(token)
        const { status, headers, text } = await server.get('/api/me', bearer(token))
        expect(status).to.equal(401)
        expect(headers).to.include({
          'content-type': 'application/json; charset=utf-8',
          'cache-control': 'no-store',
        })
        expect(JSON.parse(text)).to.deep.equal({
          error: 'invalid_token',
          error_description: 'The token is expired, revoked or invalid',
        })
        expect(errors).to.deep.equal([])
      })

      it('leaves faults of the set-up to the error handler', async () => {
        const server = await serve(rejectBlacklisted({ blacklist, respond: 'json' }), verified)
        expect(await statusOf(server, newToken())).to.equal(500)
        expect(errors[0]).to.be.instanceOf(UnverifiedTokenError)
      })
    })

    it('is never stored by a cache of responses in front of it', async () => {
      const server = await start((app) => {
        const perToken = { scope: (req: IncomingMessage) => String(req.headers.authorization), cache }
        app.get(
          '/api/me',
          cacheResponse('5m', perToken),
          verified,
          rejectBlacklisted({ blacklist, respond: 'json' }),
        )
      })
      const token = newToken()
      await blacklist.revoke(token)
      for (let time = 0; time < 2; time += 1) {
        const { status, headers } = await server.get('/api/me', bearer(token))
        expect(status).to.equal(401)
        expect(headers['cache-status'])
          .to.match(/fwd=/)
          .and.not.match(/hit|stored/)
      }
    })

    describe('refuses', () => {
      async function refusal(answer?: ErrorRequestHandler) {
        const server = await start((app) => app.use(verified, rejectBlacklisted({ blacklist })), answer)
        const token = newToken()
        await blacklist.revoke(token)
        return server.get('/api/me', bearer(token))
      }

      it('as RFC 6750 says, without a hint in the body, where Express answers', async () => {
        const { status, headers } = await refusal()
        expect(status).to.equal(401)
        expect(headers['www-authenticate']).to.equal(
          'Bearer error="invalid_token", error_description="The token is expired, revoked or invalid"',
        )
      })

      it('with an answer that nobody may store', async () => {
        const { headers } = await refusal()
        expect(headers['cache-control']).to.equal('no-store')
      })

      it('by an error that handlers written for express-jwt recognise', async () => {
        const { status, text, headers } = await refusal((error: UnauthorizedError, _req, res, next) => {
          if (error.name === 'UnauthorizedError') res.status(error.status).json({ code: error.code })
          else next(error)
        })
        expect([status, text]).to.deep.equal([401, '{"code":"revoked_token"}'])
        expect(headers).to.include.keys('www-authenticate').and.include({ 'cache-control': 'no-store' })
        expect(errors).to.have.lengthOf(1)
        expect(errors[0]).to.be.instanceOf(TokenRevokedError)
        expect(errors[0]).to.include({ name: 'UnauthorizedError', code: 'revoked_token', status: 401 })
      })

      it('before anything behind it has run', async () => {
        let runs = 0
        const count: RequestHandler = (_req, _res, next) => {
          runs += 1
          next()
        }
        const server = await serve(verified, rejectBlacklisted({ blacklist }), count)
        const token = newToken()
        await blacklist.revoke(token)
        await statusOf(server, token)
        expect(runs).to.equal(0)
      })

      it('and leaves the headers of what passes alone', async () => {
        const server = await serve(verified, rejectBlacklisted({ blacklist }))
        const { headers } = await server.get('/api/me', bearer(newToken()))
        expect(headers).not.to.have.any.keys('www-authenticate', 'cache-control')
      })
    })

    describe('with nothing configured', () => {
      useDefaultCache()

      it('asks the blacklist over the default cache, as a logout by tokenBlacklist() fills it', async () => {
        const server = await start((app) => {
          app.use('/api', verified, rejectBlacklisted())
          app.get('/api/me', (_req, res) => {
            res.sendStatus(200)
          })
          app.post('/logout', verified, (req: JwtRequest, res, next) => {
            tokenBlacklist()
              .revoke(req.auth ?? {})
              .then(() => res.sendStatus(204), next)
          })
        })
        const token = newToken({ jwtid: 'one' })
        expect(await statusOf(server, token)).to.equal(200)
        await server.ask('/logout', { method: 'POST', headers: bearer(token) })
        expect(await statusOf(server, token)).to.equal(401)
      })

      it('accepts no token for longer than the blacklist remembers it', async () => {
        const lenient = { key: SECRET, algorithms: ['HS256'], clockTolerance: 61 }
        const server = await serve(rejectBlacklisted({ verify: lenient }))
        expect(await statusOf(server, newToken())).to.equal(500)
        expect(errors[0]).to.be.instanceOf(InvalidOptionError)
        expect(String(errors[0])).to.match(/verify\.clockTolerance: expected at most .*\(60\), got 61/)
        const fitting = await serve(rejectBlacklisted({ verify: { ...lenient, clockTolerance: 60 } }))
        expect(await statusOf(fitting, newToken())).to.equal(200)
      })

      it('asks the default cache of the moment, not that of its making', async () => {
        const server = await serve(verified, rejectBlacklisted())
        const token = newToken({ jwtid: 'one' })
        setDefaultCache(cache)
        await tokenBlacklist().revoke(token)
        expect(await statusOf(server, token)).to.equal(401)
      })
    })
  })
}

describe('rejectBlacklisted', () => {
  it('works over HTTP/2, outside of Express', async () => {
    const cache = createCache({ redis: false, logger: false })
    const blacklist = createTokenBlacklist({ cache })
    const middleware = rejectBlacklisted({ blacklist, verify: { key: SECRET, algorithms: ['HS256'] } })
    const server = http2.createServer((req, res) => {
      // Those of HTTP/2 stand in for those of HTTP/1.1.
      middleware(req as unknown as IncomingMessage, res as unknown as ServerResponse, (error) => {
        res.statusCode = error === undefined ? 200 : (error as TokenRevokedError).status
        res.end()
      })
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const client = http2.connect(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`)
    const token = sign({ sub: '7' }, SECRET, { jwtid: 'over-http2', expiresIn: '1h' })
    const ask = async (): Promise<unknown> => {
      const stream = client.request({ authorization: `Bearer ${token}` })
      const [headers] = (await once(stream, 'response')) as [
        http2.IncomingHttpHeaders & { ':status'?: number },
      ]
      stream.resume()
      return headers[':status']
    }
    try {
      expect(await ask()).to.equal(200)
      await blacklist.revoke(token)
      expect(await ask()).to.equal(401)
    } finally {
      client.destroy()
      server.close()
      await cache.close()
    }
  })

  it('is a middleware of three parameters and a name', () => {
    const middleware = rejectBlacklisted()
    expect(middleware).to.have.lengthOf(3)
    expect(middleware.name).to.equal('rejectBlacklisted')
  })

  const refused: [what: string, options: unknown, message: RegExp][] = [
    ['a misspelt option', { blackList: undefined }, /blackList: unknown option; did you mean 'blacklist'/],
    [
      'a cache for a blacklist',
      { blacklist: {} },
      /^rejectBlacklisted: blacklist: .*createTokenBlacklist\(\).*got an object/,
    ],
    ['null for a blacklist', { blacklist: null }, /^rejectBlacklisted: blacklist: .*got null/],
    [
      'a token from nowhere',
      { token: 'header' },
      /^rejectBlacklisted: token: expected 'bearer'.*got 'header'/,
    ],
    ['a cookie without a name', { token: { cookie: '' } }, /^rejectBlacklisted: token: expected 'bearer'/],
    ['an unknown word', { respond: 'html' }, /^rejectBlacklisted: respond: expected 'next' or 'json'/],
    ['a choice that is none', { whenMissing: 'ask' }, /^rejectBlacklisted: whenMissing: .*got 'ask'/],
    ['options that are none', 'strict', /^rejectBlacklisted: expected an options object, got a string/],
  ]
  for (const [what, options, message] of refused) {
    it(`is not made with ${what}`, () => {
      const attempt = () => rejectBlacklisted(options as RejectBlacklistedOptions)
      expect(attempt).to.throw(InvalidOptionError, message)
    })
  }
})

describe('rejectBlacklisted, given a blacklist and its verifier', () => {
  it('accepts no token for longer than the blacklist remembers it', async () => {
    const cache = createCache({ redis: false, logger: false })
    const make = (ofVerifier: number, clockTolerance?: number) => () =>
      rejectBlacklisted({
        blacklist: createTokenBlacklist({ cache, ...(clockTolerance !== undefined && { clockTolerance }) }),
        verify: { key: SECRET, algorithms: ['HS256'], clockTolerance: ofVerifier },
      })
    expect(make(300)).to.throw(
      InvalidOptionError,
      'rejectBlacklisted: verify.clockTolerance: expected at most the clockTolerance of the blacklist (60), got 300',
    )
    expect(make(60)).not.to.throw()
    expect(make(300, 300)).not.to.throw()
    await cache.close()
  })
})

describe('Two applications over one Redis', () => {
  let redis: RedisServer
  const instances = new BlacklistInstances()
  const servers: WebServer[] = []
  const [, express] = expressVersions.find(([version]) => version === 'Express 5') ?? []

  beforeEach(async () => {
    redis = await RedisServer.start()
  })

  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()))
    await instances.close()
    await redis.close()
  })

  async function serve(blacklist: TokenBlacklist): Promise<WebServer> {
    if (express === undefined) throw new Error('There is no Express 5')
    const app = express()
    app.set('env', 'test')
    app.use('/api', verified, rejectBlacklisted({ blacklist }))
    app.get('/api/me', (_req, res) => {
      res.sendStatus(200)
    })
    app.post('/api/logout', async (req: JwtRequest, res) => {
      res.json(await blacklist.revoke(req.auth as JwtPayload))
    })
    const server = await WebServer.start(app)
    servers.push(server)
    return server
  }

  async function logOut(server: WebServer, token: string): Promise<string> {
    return (await server.ask('/api/logout', { method: 'POST', headers: bearer(token) })).text
  }

  it('refuse on the one what was logged out on the other', async () => {
    const [one, two] = await Promise.all([instances.start(redis), instances.start(redis)])
    const [here, there] = [await serve(one.blacklist), await serve(two.blacklist)]
    const token = newToken({ jwtid: 'one' })
    expect(await statusOf(there, token)).to.equal(200)
    expect(await logOut(here, token)).to.equal('"redis"')
    await refuses(there, token)
    expect(await statusOf(here, token)).to.equal(401)
  })

  it('agree after an outage on what was logged out in it', async () => {
    const [one, two] = await Promise.all([instances.start(redis), instances.start(redis)])
    const [here, there] = [await serve(one.blacklist), await serve(two.blacklist)]
    const [before, during] = [newToken({ jwtid: 'before' }), newToken({ jwtid: 'during' })]
    await logOut(here, before)
    await refuses(there, before)
    await redis.kill()
    await cutOff(one, two)
    expect(await logOut(here, during)).to.equal('"memory"')
    expect(await statusOf(here, during)).to.equal(401)
    expect(await statusOf(there, before)).to.equal(401)
    await redis.restart({ dataset: 'empty' })
    await connected(one, two)
    await eventually(async () => {
      expect(await statusOf(there, during)).to.equal(401)
    })
    expect(await statusOf(here, before)).to.equal(401)
  })

  it("answer 503 in an outage with whenStale: 'reject', and 401 to what they know", async () => {
    const one = await instances.start(redis, { whenStale: 'reject', maxStaleness: 20 })
    const server = await serve(one.blacklist)
    const [revoked, other] = [newToken({ jwtid: 'one' }), newToken({ jwtid: 'other' })]
    await logOut(server, revoked)
    await redis.kill()
    await cutOff(one)
    await eventually(async () => {
      expect(await statusOf(server, other)).to.equal(503)
    })
    expect(await statusOf(server, revoked)).to.equal(401)
    expect((await server.get('/api/me')).status).to.equal(401)
  })

  it('write no token, cookie or jti to Redis, their logs or their answers', async () => {
    const logger = new RecordingLogger()
    const one = await instances.start(redis, {}, { logger })
    const server = await serve(one.blacklist)
    const token = newToken({ jwtid: 'k3Y-jti-of-a-session', subject: 'alice@example.org' })
    const headers = { ...bearer(token), cookie: 'session=k3Y-of-a-cookie' }
    const answers: string[] = []
    const visit = async (): Promise<void> => {
      for (const method of ['GET', 'POST']) {
        for (const authorization of [
          headers.authorization,
          `${headers.authorization}x`,
          `Bearer ${token}.`,
        ]) {
          const path = method === 'GET' ? '/api/me' : '/api/logout'
          const answer = await server.ask(path, { method, headers: { ...headers, authorization } })
          answers.push(answer.text, JSON.stringify(answer.headers))
        }
      }
    }
    await visit()
    await one.blacklist.revoke(token)
    await visit()
    await redis.kill()
    await visit()
    await redis.restart({ dataset: 'empty' })
    await connected(one)

    const keys = await eventually(async () => {
      const found = (await redis.command('KEYS', '*')).split('\n')
      expect(found.filter((key) => key.startsWith('blacklist:'))).to.have.lengthOf(1)
      return found
    })
    const values = await Promise.all(
      keys.map((key) =>
        redis.command(...(key.includes(':revocations:') ? ['XRANGE', key, '-', '+'] : ['GET', key])),
      ),
    )
    expect(logger.lines).not.to.deep.equal([])
    const written = JSON.stringify([keys, values, logger.lines, answers])
    const [, payload, signature] = token.split('.')
    for (const secret of ['k3Y', 'alice', payload, signature]) expect(written).not.to.include(secret)
  })
})

function downClient(): FaultyClient {
  const client = faultyClient()
  client.fail()
  return client
}

/** A token of subject 7, good for an hour. */
function newToken(options: SignOptions = {}): string {
  return sign({}, SECRET, { subject: '7', expiresIn: '1h', ...options })
}

function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` }
}

async function refuses(server: WebServer, token: string): Promise<void> {
  await eventually(async () => {
    expect(await statusOf(server, token)).to.equal(401)
  })
}

async function statusOf(server: WebServer, token: string): Promise<number> {
  return (await server.get('/api/me', bearer(token))).status
}
