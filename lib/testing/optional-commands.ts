import type { CacheClient } from '../client/cache-client'
import type { FaultyCommand } from './wire'

type OptionalCommands = Pick<CacheClient, 'info' | 'connections' | 'head' | 'appendLog' | 'readLog'>

type Send = <Result>(command: FaultyCommand, work: () => Promise<Result>) => Promise<Result>

/** The commands that a client need not have: those that this one has, sent over a wire. */
export function optionalCommands(client: CacheClient, send: Send): OptionalCommands {
  const info = client.info?.bind(client)
  const connections = client.connections?.bind(client)
  const head = client.head?.bind(client)
  const appendLog = client.appendLog?.bind(client)
  const readLog = client.readLog?.bind(client)
  return {
    ...(info && { info: () => send('info', info) }),
    ...(connections && { connections: () => send('connections', connections) }),
    ...(head && { head: (key, bytes) => send('head', () => head(key, bytes)) }),
    ...(appendLog && {
      appendLog: (log, entries, keepMs) => send('appendLog', () => appendLog(log, entries, keepMs)),
    }),
    ...(readLog && { readLog: (log, from, count) => send('readLog', () => readLog(log, from, count)) }),
  }
}
