import { expect } from 'chai'
import type { LogEntry, LogRecord } from '../../lib/client/cache-client'
import { encodeRevocation } from '../../lib/auth/revocation'
import type { Revocation } from '../../lib/auth/revocation'
import { RevocationLog, RevocationLogs } from '../../lib/auth/revocation-log'
import type { LogClient } from '../../lib/auth/revocation-log'
import { ManualClock } from '../support/manual-clock'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

describe('A log of revocations', () => {
  let clock: ManualClock
  let logs: Map<string, LogRecord[]>
  let client: LogClient

  beforeEach(() => {
    clock = new ManualClock('2026-03-01T10:00:00Z')
    logs = new Map()
    client = clientOf(logs, clock)
  })

  function revocation(name: number, lifeMs = HOUR_MS): Revocation {
    const until = (clock.now() + lifeMs) / 1000
    return { kind: 'token', id: String(name).padStart(32, '0'), value: until, until }
  }

  describe('that has been read and then has not its last entry any more', () => {
    let log: RevocationLog

    beforeEach(async () => {
      log = new RevocationLog('log', HOUR_MS)
      await client.appendLog('log', [entryOf(revocation(1))], HOUR_MS)
      expect(await log.read(client, clock.now())).to.deep.include({ outcome: 'read', isAtEnd: true })
      logs.clear()
    })

    it('is lost where that entry is a minute old', async () => {
      clock.advance(MINUTE_MS)
      expect(await log.read(client, clock.now())).to.deep.equal({ outcome: 'lost' })
    })

    it('is lost up to the end of its life, and half of what clocks may differ', async () => {
      clock.advance(HOUR_MS + 5 * MINUTE_MS)
      expect(await log.read(client, clock.now())).to.deep.equal({ outcome: 'lost' })
    })

    it('is read from its start where the entry has gone as all do', async () => {
      clock.advance(HOUR_MS + 5 * MINUTE_MS + 1)
      await client.appendLog('log', [entryOf(revocation(2))], HOUR_MS)
      const again = { outcome: 'read', revocations: [], isAtEnd: false }
      expect(await log.read(client, clock.now())).to.deep.equal(again)
      expect(await log.read(client, clock.now())).to.deep.equal({
        outcome: 'read',
        revocations: [{ ...revocation(2), writer: 7, change: 1 }],
        isAtEnd: true,
      })
    })
  })

  describe('is chosen by how long a revocation matters', () => {
    const lives: [lifeMs: number, name: string][] = [
      [HOUR_MS, '1h'],
      [HOUR_MS + 1, '1d'],
      [30 * DAY_MS, '1m'],
      [100 * 366 * DAY_MS, 'long'],
      [200 * 366 * DAY_MS, 'long'],
    ]
    for (const [lifeMs, name] of lives) {
      it(`${String(lifeMs)} ms: ${name}`, async () => {
        await new RevocationLogs('app:').append(client, [revocation(1, lifeMs)], clock.now())
        expect([...logs.keys()]).to.deep.equal([`holdfast:{ns=app}:revocations:${name}`])
      })
    }
  })
})

function entryOf(revocation: Revocation): LogEntry {
  return {
    bytes: encodeRevocation({ ...revocation, writer: 7, change: 1 }),
    key: revocation.id,
    value: revocation.value,
    ttlMs: HOUR_MS,
  }
}

/** A store that has logs and nothing else. */
function clientOf(logs: Map<string, LogRecord[]>, clock: ManualClock): LogClient {
  const only: Pick<LogClient, 'appendLog' | 'readLog'> = {
    appendLog: (name, entries) => {
      const records = logs.get(name) ?? []
      for (const { bytes } of entries)
        records.push({ id: `${String(clock.now())}-${String(records.length)}`, bytes })
      logs.set(name, records)
      return Promise.resolve()
    },
    readLog: (name, from, count) => {
      const records = logs.get(name) ?? []
      const start = records.findIndex(({ id }) => id === from)
      return Promise.resolve(records.slice(Math.max(0, start)).slice(0, count))
    },
  }
  return only as LogClient
}
