import { generateKeyPairSync, randomUUID } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { expect } from 'chai'
import { SignJWT } from 'jose'
import { createCache, createTokenBlacklist } from 'holdfast'
import type { Cache, TokenBlacklist } from 'holdfast'
import { expressVersions } from '../../support/express-versions'
import { withEveryLastCharacter, withTwinSignature } from '../../support/signing-keys'
import { WebServer } from '../../support/web-server'
import { chains } from './chains'
import type { Chain } from './chains'

const SECRET = 'a secret of 32 bytes or a few more, known to this spec'
const ed = (): Pair => generateKeyPairSync('ed25519')

interface Pair {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pairs: Readonly<Record<string, Pair>> = {
  RS256: rsa,
  PS256: rsa,
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: ed(),
}
/** How often a token can be spelt that the verifiers accept, at least. */
const SPELLINGS: Readonly<Record<string, number>> = { HS256: 1, RS256: 16, PS256: 16, ES256: 2, EdDSA: 1 }

for (const [version, express] of expressVersions) {
  describe(`Under ${version}, a token`, () => {
    let cache: Cache
    let blacklist: TokenBlacklist
    let server: WebServer

    beforeEach(() => {
      cache = createCache({ redis: false, logger: false })
      blacklist = createTokenBlacklist({ cache })
    })

    afterEach(async () => {
      await server.close()
      await cache.close()
    })

    async function serve(chain: Chain, algorithm: string): Promise<void> {
      const pair = pairs[algorithm]
      const key = pair === undefined ? SECRET : String(pair.publicKey.export({ type: 'spki', format: 'pem' }))
      const app = express()
      // Else Express writes what goes wrong to the console.
      app.set('env', 'test')
      app.use(...chain({ algorithm, key }, blacklist))
      app.get('/me', (_req, res) => {
        res.sendStatus(200)
      })
      app.post('/logout', (req, res, next) => {
        blacklist.revoke(req).then((stored) => res.json(stored), next)
      })
      server = await WebServer.start(app)
    }

    for (const [name, chain] of Object.entries(chains)) {
      describe(`verified by ${name}`, () => {
        const algorithms = Object.keys(SPELLINGS).filter(
          // jsonwebtoken, which all of them but jose build upon, has no EdDSA.
          (algorithm) => algorithm !== 'EdDSA' || name === 'jose',
        )
        for (const algorithm of algorithms) {
          for (const jti of [randomUUID(), undefined]) {
            it(`is refused in every spelling once it is revoked: ${algorithm}${jti === undefined ? '' : ' with a jti'}`, async () => {
              await serve(chain, algorithm)
              const token = await signed(algorithm, jti)
              const other = await signed(algorithm, jti && randomUUID(), 'other')
              const accepted: string[] = []
              for (const spelling of spellingsOf(token, algorithm))
                if ((await statusOf(spelling)) === 200) accepted.push(spelling)
              expect(accepted.length).to.be.at.least(SPELLINGS[algorithm] ?? 1)
              const last = accepted.at(-1) ?? ''
              const logout = await server.ask('/logout', { method: 'POST', headers: bearer(last) })
              expect(logout.text).to.equal('"memory"')
              for (const spelling of accepted) expect(await statusOf(spelling), algorithm).to.equal(401)
              expect(await statusOf(other)).to.equal(200)
            })
          }
        }

        it('is refused with all of its subject', async () => {
          await serve(chain, 'HS256')
          const token = await signed('HS256', randomUUID())
          expect(await statusOf(token)).to.equal(200)
          await blacklist.revokeAll('7')
          expect(await statusOf(token)).to.equal(401)
          expect(await statusOf(await signed('HS256', randomUUID(), '8'))).to.equal(200)
        })

        it('does not pass where it is forged or missing', async () => {
          await serve(chain, 'HS256')
          const forged = await new SignJWT({ sub: '7' })
            .setProtectedHeader({ alg: 'HS256' })
            .sign(Buffer.from('a secret of 32 bytes or a few more, of somebody else'))
          expect(await statusOf(forged)).to.equal(401)
          expect((await server.get('/me')).status).to.equal(401)
        })
      })
    }

    function bearer(token: string): { authorization: string } {
      return { authorization: `Bearer ${token}` }
    }

    async function statusOf(token: string): Promise<number> {
      return (await server.get('/me', bearer(token))).status
    }
  })
}

async function signed(algorithm: string, jti?: string, sub = '7'): Promise<string> {
  const jwt = new SignJWT({ sub, ...(jti !== undefined && { jti }) })
    .setProtectedHeader({ alg: algorithm })
    .setIssuedAt()
    .setExpirationTime('1h')
  return jwt.sign(pairs[algorithm]?.privateKey ?? Buffer.from(SECRET))
}

function spellingsOf(token: string, algorithm: string): string[] {
  const twins = algorithm === 'ES256' ? [withTwinSignature(token)] : []
  return [...withEveryLastCharacter(token), ...twins]
}
