import initSqlJs from 'sql.js'
import { hashPassword } from './password'
import { Database } from './database'
import { Random } from './random'
import { SEEDED_PERMISSIONS } from './roles'
import { INDEXES, TABLES } from './schema'
import { seedCourses } from './seed-courses'
import { seedMarks } from './seed-marks'
import { PeopleSeed } from './people-seed'

/** The password of every seeded account. */
export const DEMO_PASSWORD = 'blackboard'

const SEED = 2026

/** A database in memory with three schools in it: the same rows each time, in about half a second. */
export async function openSchoolDatabase(): Promise<Database> {
  const [sqlJs, password] = await Promise.all([initSqlJs(), hashPassword(DEMO_PASSWORD)])
  const sql = new sqlJs.Database()
  const random = new Random(SEED)
  sql.run('BEGIN')
  sql.exec(TABLES)
  for (const [role, permissions] of Object.entries(SEEDED_PERMISSIONS)) {
    for (const permission of permissions) sql.run('INSERT INTO permissions VALUES (?, ?)', [role, permission])
  }
  const rosters = new PeopleSeed(sql, random, password).run()
  seedMarks(sql, random, rosters, seedCourses(sql, rosters))
  sql.exec(INDEXES)
  sql.run('COMMIT')
  return new Database(sql)
}
