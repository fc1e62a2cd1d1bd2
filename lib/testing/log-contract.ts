import assert from 'node:assert/strict'
import type { LogEntry, LogRecord } from '../client/cache-client'
import type { LogClient } from '../client/log-client'
import { hasLogs } from '../client/log-client'
import { LONG_MS } from './contract-case'
import type { ContractCase } from './contract-case'

/** What a cache client promises of logs, if it has any. */
export const logContract: readonly ContractCase[] = [
  logCase('reads entries in their order, byte for byte', async (client, key) => {
    assert.deepEqual(await client.readLog(key('log'), '', 10), [])
    const bytes = Buffer.from([0, 10, 13, 128, 255])
    await client.appendLog(key('log'), [], LONG_MS)
    await client.appendLog(key('log'), [entry(key('a'), bytes), entry(key('b'))], LONG_MS)
    await client.appendLog(key('log'), [entry(key('c'), Buffer.from('last'))], LONG_MS)
    assert.deepEqual(bytesOf(await client.readLog(key('log'), '', 10)), [
      bytes,
      Buffer.from('said'),
      Buffer.from('last'),
    ])
  }),
  logCase(
    'reads a log from an entry on, that one included, and no more than is asked for',
    async (client, key) => {
      const said = ['1', '2', '3', '4'].map((text) => entry(key('beside'), Buffer.from(text)))
      await client.appendLog(key('log'), said, LONG_MS)
      const [, second] = await client.readLog(key('log'), '', 2)
      const found = await client.readLog(key('log'), second?.id ?? '', 2)
      assert.deepEqual(bytesOf(found).map(String), ['2', '3'])
      assert.equal(found[0]?.id, second?.id)
    },
  ),
  logCase('gives ids that begin with the time, and grow', async (client, key) => {
    await client.appendLog(key('log'), [entry(key('a')), entry(key('b'))], LONG_MS)
    const [first, second] = await client.readLog(key('log'), '', 10)
    assert.match(first?.id ?? '', /^\d+-\d+$/)
    assert.notEqual(first?.id, second?.id)
    assert.ok(Number(first?.id.split('-')[0]) > Date.UTC(2020, 0), 'milliseconds since 1970')
  }),
  logCase('raises the number beside an entry, and never lowers it', async (client, key) => {
    await client.appendLog(key('log'), [{ ...entry(key('beside')), value: 9 }], LONG_MS)
    await client.appendLog(key('log'), [{ ...entry(key('beside')), value: 8 }], LONG_MS)
    assert.deepEqual((await client.getMany([key('beside')])).map(String), ['9'])
  }),
]

function logCase(
  title: string,
  run: (client: LogClient, key: (name: string) => string) => Promise<void>,
): ContractCase {
  return {
    title: `${title}, if it has logs`,
    async run(client, key) {
      if (hasLogs(client)) await run(client, key)
    },
  }
}

function entry(key: string, bytes = Buffer.from('said')): LogEntry {
  return { bytes, key, value: 1, ttlMs: LONG_MS }
}

function bytesOf(records: readonly LogRecord[]): Buffer[] {
  return records.map(({ bytes }) => bytes)
}
