import { createCache } from 'holdfast'
import { randomBytes } from 'node:crypto'
import { createApp } from './app'
import { openSchoolDatabase } from './database/open-school-database'
import { listen } from './listen'
import { curlLines } from './curl-lines'

/** Starts the service: over Redis where the environment names one, over memory where it doesn't. */
async function main(): Promise<void> {
  const { PORT = '3000', JWT_SECRET = '' } = process.env
  const cache = createCache()
  const db = await openSchoolDatabase()
  const app = createApp({ db, cache, jwtSecret: JWT_SECRET || randomBytes(32).toString('hex') })
  const server = await listen(app, Number(PORT), '127.0.0.1')

  console.log(
    `\nThe school is open at ${server.url}. Ctrl+C closes it. Lines to try:\n\n${curlLines(server.url)}\n`,
  )
  if (JWT_SECRET === '') {
    console.log('JWT_SECRET is not set: the secret is a random one, and tokens end with this process.')
  }

  async function shutDown(): Promise<void> {
    await server.close()
    await cache.close()
    db.close()
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      console.log(`${signal}: answering what is under way, then closing`)
      shutDown().catch(fail)
    })
  }
}

function fail(error: unknown): never {
  console.error(error)
  process.exit(1)
}

main().catch(fail)
