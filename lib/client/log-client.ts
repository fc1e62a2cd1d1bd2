import type { CacheClient } from './cache-client'

/** A client that has logs. */
export type LogClient = CacheClient & Required<Pick<CacheClient, 'appendLog' | 'readLog'>>

/** Whether a client has logs. */
export function hasLogs(client: CacheClient): client is LogClient {
  return client.appendLog !== undefined && client.readLog !== undefined
}
