import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import express from 'express'
import type { RequestHandler } from 'express'
import { expressjwt } from 'express-jwt'
import { sign, verify } from 'jsonwebtoken'
import type { Algorithm, Secret } from 'jsonwebtoken'
import { createCache, createTokenBlacklist, rejectBlacklisted } from 'holdfast'
import type { TokenBlacklist } from 'holdfast'

const ROUNDS = 25
const ROUND_MS = 200

const BY_HAND = 'jsonwebtoken by hand, string key'
const EXPRESS_JWT = 'express-jwt'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const secret = 'a secret of 32 bytes or a few more, known to this bench'
const signings: Record<string, { signWith: Secret; key: string }> = {
  HS256: { signWith: secret, key: secret },
  RS256: { signWith: rsa.privateKey, key: String(rsa.publicKey.export({ type: 'spki', format: 'pem' })) },
}

/**
 * Requests a second of one Express route behind each way to check tokens: `jwt.verify` with a string key is 1, or the
 * chain that it was added to. The middle of many short rounds, in each of which all are asked in turn: whatever else the
 * machine does, it does to those that are compared.
 */
export async function compareRequests(): Promise<void> {
  const cache = createCache({ redis: false, logger: false })
  const blacklist = createTokenBlacklist({ cache })
  const exp = Math.ceil(Date.now() / 1000) + 3600
  await Promise.all(
    Array.from({ length: 1000 }, (_, index) => blacklist.revoke({ jti: `r${String(index)}`, exp })),
  )
  for (const [algorithm, { signWith, key }] of Object.entries(signings)) {
    const token = (): string =>
      sign({ sub: '7' }, signWith, {
        algorithm: algorithm as Algorithm,
        expiresIn: '1h',
        jwtid: randomUUID(),
        issuer: 'bench',
      })
    const tokens = Array.from({ length: 100 }, token)
    const rates = await measureChains(
      chainsOf(algorithm as Algorithm, key, blacklist, new Set(tokens)),
      tokens,
    )
    console.log(`\nRequests a second, ${algorithm}`)
    for (const name of rates.keys()) print(name, rates, BY_HAND)
    console.log('\nThe same, of the chain that it is dropped into')
    print(`${BY_HAND} and rejectBlacklisted()`, rates, BY_HAND)
    print(`${EXPRESS_JWT} and rejectBlacklisted()`, rates, EXPRESS_JWT)
  }
  await cache.close()
}

function chainsOf(
  algorithm: Algorithm,
  key: string,
  blacklist: TokenBlacklist,
  tokens: ReadonlySet<string>,
): Record<string, RequestHandler[]> {
  const byHand: RequestHandler = (req, _res, next) => {
    const token = String(req.headers.authorization).slice('Bearer '.length)
    Object.assign(req, { auth: verify(token, key, { algorithms: [algorithm] }) })
    next()
  }
  const byExpressJwt = expressjwt({ secret: key, algorithms: [algorithm] })
  const verifying = { key, algorithms: [algorithm] }
  return {
    [BY_HAND]: [byHand],
    [`${BY_HAND} and rejectBlacklisted()`]: [byHand, rejectBlacklisted({ blacklist })],
    [EXPRESS_JWT]: [byExpressJwt as RequestHandler],
    [`${EXPRESS_JWT} and rejectBlacklisted()`]: [
      byExpressJwt as RequestHandler,
      rejectBlacklisted({ blacklist }),
    ],
    'rejectBlacklisted({ verify })': [rejectBlacklisted({ blacklist, verify: verifying })],
    'the same, remembering nothing': [
      rejectBlacklisted({ blacklist, verify: { ...verifying, rememberTokens: 0 } }),
    ],
    'a Map of tokens, by hand': [
      (req, _res, next) => {
        if (tokens.has(String(req.headers.authorization).slice('Bearer '.length))) next()
      },
    ],
    'no authentication': [],
  }
}

/** The rates of each in the order of the rounds. */
async function measureChains(
  chains: Record<string, RequestHandler[]>,
  tokens: string[],
): Promise<Map<string, number[]>> {
  const servers = new Map<string, Server>()
  for (const [name, chain] of Object.entries(chains)) servers.set(name, await serve(chain))
  const client = new Worker(join(__dirname, 'client.cjs'), { workerData: { tokens } })
  const rates = new Map([...servers.keys()].map((name) => [name, [] as number[]]))
  for (let round = -1; round < ROUNDS; round += 1) {
    for (const [name, server] of servers) {
      client.postMessage({ port: (server.address() as AddressInfo).port, ms: ROUND_MS })
      const [rate] = (await once(client, 'message')) as [number]
      // The first round warms up.
      if (round >= 0) rates.get(name)?.push(rate)
    }
  }
  await client.terminate()
  for (const server of servers.values()) server.close()
  return rates
}

function print(name: string, rates: Map<string, number[]>, anchor: string): void {
  const anchors = rates.get(anchor) ?? []
  const ratios = (rates.get(name) ?? []).map((rate, round) => rate / (anchors[round] ?? Number.NaN))
  console.log(`  ${median(ratios).toFixed(2).padStart(6)}  ${name}`)
}

async function serve(chain: RequestHandler[]): Promise<Server> {
  const app = express()
  app.disable('etag')
  for (const handler of chain) app.use(handler)
  app.get('/', (_req, res) => {
    res.end('ok')
  })
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
