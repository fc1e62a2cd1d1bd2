import type { Cache } from 'holdfast'
import { createApp } from '../app'
import type { Database } from '../database/database'
import { listen } from '../listen'
import { SchoolClient } from './school-client'

/** A served instance of the application, with a client to talk to it. */
export interface SchoolInstance {
  readonly client: SchoolClient
  /** Where it is. */
  readonly url: string
  /** Closes the server and the cache. */
  readonly close: () => Promise<void>
}

/** Serves the application on a free port of this machine. The cache becomes the instance's to close. */
export async function startInstance(db: Database, cache: Cache, jwtSecret: string): Promise<SchoolInstance> {
  const { url, close } = await listen(createApp({ db, cache, jwtSecret }), 0, '127.0.0.1')
  return {
    client: new SchoolClient(url),
    url,
    close: async () => {
      await close()
      await cache.close()
    },
  }
}
