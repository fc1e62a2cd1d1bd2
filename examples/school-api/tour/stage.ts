import type { Database } from '../database/database'
import type { Narrator } from './narrator'
import type { RedisServer } from './redis-server'
import type { SchoolInstance } from './school-instance'

/** What the first chapters play on: one instance of the service, over memory. */
export interface Stage {
  readonly db: Database
  readonly narrator: Narrator
  readonly school: SchoolInstance
}

/** What the later chapters play on: two instances over one database and one Redis. */
export interface SharedStage {
  readonly db: Database
  readonly narrator: Narrator
  readonly redis: RedisServer
  readonly a: SchoolInstance
  readonly b: SchoolInstance
}
