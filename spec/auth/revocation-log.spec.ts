import { expect } from 'chai'
import type { LogEntry, LogRecord } from '../../lib/client/cache-client'
import { encodeRevocation, unpackRevocation } from '../../lib/auth/revocation'
import type { LoggedRevocation, Revocation } from '../../lib/auth/revocation'
import { RevocationLog, RevocationLogs } from '../../lib/auth/revocation-log'
import type { Reading, ReadPart } from '../../lib/auth/revocation-log'
import type { LogClient } from '../../lib/client/log-client'
import { ManualClock } from '../support/manual-clock'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const COUNT = 10

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

  /** Reads on, and takes it for read. */
  async function readOn(log: RevocationLog, count = COUNT): Promise<Reading> {
    const reading = await log.read(client, clock.now(), count)
    if (reading.outcome === 'read') expect(log.moveOn(reading)).to.equal(true)
    return reading
  }

  describe('that has been read and then has not its last entry any more', () => {
    let log: RevocationLog

    beforeEach(async () => {
      log = new RevocationLog('log', HOUR_MS)
      await client.appendLog('log', [entryOf(revocation(1))], HOUR_MS)
      expect(await readOn(log)).to.deep.include({ outcome: 'read', isAtEnd: true })
      logs.clear()
    })

    it('is lost where that entry is a minute old', async () => {
      clock.advance(MINUTE_MS)
      expect(await log.read(client, clock.now(), COUNT)).to.deep.equal({ outcome: 'lost' })
    })

    it('is lost up to the end of its life, and half of what clocks may differ', async () => {
      clock.advance(HOUR_MS + 5 * MINUTE_MS)
      expect(await log.read(client, clock.now(), COUNT)).to.deep.equal({ outcome: 'lost' })
    })

    it('is read from its start where the entry has gone as all do', async () => {
      clock.advance(HOUR_MS + 5 * MINUTE_MS + 1)
      await client.appendLog('log', [entryOf(revocation(2))], HOUR_MS)
      const again = { outcome: 'read', revocations: [], isAtEnd: false }
      expect(await readOn(log)).to.deep.include(again)
      const reading = await readOn(log)
      expect(reading).to.deep.include({ outcome: 'read', isAtEnd: true })
      expect(saidIn(reading)).to.deep.equal([{ ...revocation(2), writer: 7, change: 1 }])
    })
  })

  it('that is to be read from its start is, also where an answer of before is still under way', async () => {
    const log = new RevocationLog('log', HOUR_MS)
    for (const name of [1, 2]) await client.appendLog('log', [entryOf(revocation(name))], HOUR_MS)
    await readOn(log)
    await client.appendLog('log', [entryOf(revocation(3))], HOUR_MS)
    const underWay = log.read(client, clock.now(), COUNT)
    log.rewind()
    expect(log.moveOn((await underWay) as ReadPart)).to.equal(false)
    expect(namesIn(await readOn(log))).to.deep.equal([1, 2, 3])
  })

  it('goes on from behind the part that was read last, until it begins again', async () => {
    const log = new RevocationLog('log', HOUR_MS)
    for (const name of [1, 2, 3]) await client.appendLog('log', [entryOf(revocation(name))], HOUR_MS)
    const [first, second] = [(await readOn(log, 2)) as ReadPart, (await readOn(log)) as ReadPart]
    expect([first, second].map((part) => log.isBehind(part))).to.deep.equal([false, true])
    log.rewind()
    expect(log.isBehind(second)).to.equal(false)
  })

  it('that has answered is not read on until the answer has reached who asked', async () => {
    const log = new RevocationLog('log', HOUR_MS)
    await client.appendLog('log', [entryOf(revocation(1))], HOUR_MS)
    await log.read(client, clock.now(), COUNT)
    expect(namesIn(await readOn(log))).to.deep.equal([1])
    expect(namesIn(await readOn(log))).to.deep.equal([])
  })

  it('is read in parts of as many as are asked for, the last known one among them, up to its end', async () => {
    const log = new RevocationLog('log', HOUR_MS)
    for (const name of [1, 2, 3, 4, 5]) await client.appendLog('log', [entryOf(revocation(name))], HOUR_MS)
    const parts: [names: number[], isAtEnd: boolean][] = []
    for (const count of [2, 3, 2, 3]) {
      const reading = (await readOn(log, count)) as ReadPart
      parts.push([namesIn(reading), reading.isAtEnd])
    }
    expect(parts).to.deep.equal([
      [[1, 2], false],
      [[3, 4], false],
      [[5], false],
      [[], true],
    ])
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

function saidIn(reading: Reading): LoggedRevocation[] {
  return reading.outcome === 'read' ? reading.revocations.map(unpackRevocation) : []
}

function namesIn(reading: Reading): number[] {
  return saidIn(reading).map(({ id }) => Number(id))
}

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
