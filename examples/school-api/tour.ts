import { createCache } from 'holdfast'
import { randomBytes } from 'node:crypto'
import { curlLines } from './curl-lines'
import type { Database } from './database/database'
import { openSchoolDatabase } from './database/open-school-database'
import { coldAndWarm } from './tour/chapters/cold-and-warm'
import { exactInvalidation } from './tour/chapters/exact-invalidation'
import { loggingOut } from './tour/chapters/logging-out'
import { oneLoad } from './tour/chapters/one-load'
import { outage } from './tour/chapters/outage'
import { publicTimetable } from './tour/chapters/public-timetable'
import { recovery } from './tour/chapters/recovery'
import { theStats } from './tour/chapters/the-stats'
import { twoInstances } from './tour/chapters/two-instances'
import { Cleanup } from './tour/cleanup'
import { count } from './tour/format'
import { Narrator } from './tour/narrator'
import { untilHealth } from './tour/health'
import { RedisServer, hasRedisServer } from './tour/redis-server'
import { startInstance } from './tour/school-instance'
import type { SchoolInstance } from './tour/school-instance'

const SIZE = `
  SELECT (SELECT count(*) FROM students) AS students,
         (SELECT count(*) FROM grades) + (SELECT count(*) FROM attendance) AS rows`

const NO_REDIS = `With redis-server on the PATH the tour goes on: two instances share a Redis, it is killed while a token is
  revoked and a grade changed, and both agree when it is back. To see that: apt-get install redis-server, or
  brew install redis.`

const cleanup = new Cleanup()
const narrator = new Narrator()
const jwtSecret = randomBytes(32).toString('hex')

/** One instance over memory: all of this works without Redis. */
async function tourWithoutRedis(db: Database): Promise<void> {
  const cache = createCache({ redis: false, logger: false })
  const school = await startInstance(db, cache, jwtSecret)
  cleanup.add(() => school.close())

  const stage = { db, narrator, school }
  await coldAndWarm(stage)
  await oneLoad(stage)
  await exactInvalidation(stage)
  await publicTimetable(stage)
  await loggingOut(stage)
  await theStats(stage)
}

/** Two instances over a Redis that dies and comes back. */
async function tourWithRedis(db: Database): Promise<void> {
  const redis = await RedisServer.create()
  cleanup.add(() => redis.remove())
  await redis.start()
  const a = await startOn(redis, db)
  const b = await startOn(redis, db)

  const stage = { db, narrator, redis, a, b }
  await twoInstances(stage)
  await recovery(stage, await outage(stage))
}

async function startOn(redis: RedisServer, db: Database): Promise<SchoolInstance> {
  // A Redis that takes longer than this to answer counts as away; a busy machine should not look like an outage.
  const cache = createCache({ redis: redis.url, commandTimeout: 1000, logger: false })
  const instance = await startInstance(db, cache, jwtSecret)
  cleanup.add(() => instance.close())
  await untilHealth('ok', instance)
  return instance
}

async function main(): Promise<void> {
  cleanup.runOnInterruption()
  const start = performance.now()
  const db = await openSchoolDatabase()
  cleanup.add(() => {
    db.close()
  })
  const { students, rows } = await db.one<{ students: number; rows: number }>(SIZE)
  narrator.title(
    'A school API that keeps its answers when Redis dies',
    `3 schools, ${count(students)} students, ${count(rows)} grades and days of attendance: seeded in ${count(Math.round(performance.now() - start))} ms.`,
  )
  await tourWithoutRedis(db)
  if (hasRedisServer()) await tourWithRedis(db)
  else narrator.farewell(NO_REDIS)
  narrator.farewell(`Start it yourself with npm start, then try:\n\n${curlLines('http://127.0.0.1:3000')}`)
}

main()
  .catch((error: unknown) => {
    if (cleanup.hasBegun) return
    narrator.failure(error instanceof Error ? error.message : String(error))
    process.exitCode = 1
  })
  .finally(() => cleanup.run())
