import { expect } from 'chai'
import sinon from 'sinon'
import { CommandRefusedError } from 'holdfast'
import type { ClientEvents } from 'holdfast'
import { OutageReport } from '../../lib/client/outage-report'
import { Events } from '../../lib/events'
import { RecordingLogger } from '../support/recording-logger'

const ERROR = { level: 'error', message: 'Redis client error' } as const
const NOTHING = { replayed: 0, everything: false }

describe('OutageReport', () => {
  let clock: sinon.SinonFakeTimers
  let logger: RecordingLogger
  let report: OutageReport
  let heard: object[]

  beforeEach(() => {
    clock = sinon.useFakeTimers()
    logger = new RecordingLogger()
    const events = new Events<ClientEvents>(logger)
    report = new OutageReport(logger, events)
    heard = []
    events.on('degraded', ({ cause }) => heard.push({ degraded: cause.message }))
    events.on('recovered', (event) => heard.push({ recovered: event }))
  })

  afterEach(() => {
    clock.restore()
  })

  it('logs the first connection, which is no recovery', () => {
    report.usable(NOTHING)
    expect(logger.lines).to.deep.equal([{ level: 'info', message: 'Redis client connected' }])
    expect(heard).to.deep.equal([])
  })

  it('has nothing to say of Redis being usable still', () => {
    report.usable(NOTHING)
    report.usable({ replayed: 3, everything: false })
    expect(logger.lines).to.have.length(1)
    expect(heard).to.deep.equal([])
  })

  it('logs an outage once for each cause, as an error', () => {
    for (const cause of ['closed', 'refused', 'refused', 'closed', 'refused'])
      report.unusable(new Error(cause))
    expect(logger.lines).to.deep.equal([
      { ...ERROR, details: { cause: 'closed' } },
      { ...ERROR, details: { cause: 'refused' } },
    ])
  })

  it('takes it for one cause that there was no answer, however long it was waited for', () => {
    for (const ms of [40, 400, 800, 1600]) report.unusable(new Error(`No answer within ${String(ms)} ms`))
    expect(logger.lines).to.deep.equal([{ ...ERROR, details: { cause: 'No answer within 40 ms' } }])
    expect(report.lastCause).to.equal('No answer within 1600 ms')
  })

  it('logs no more than twenty causes', () => {
    for (let index = 0; index < 100; index += 1) report.unusable(new Error(`cause ${String(index)}`))
    expect(logger.lines).to.have.length(20)
  })

  it('tells listeners once that an outage has begun, with the first cause, and once that it is over', () => {
    report.usable(NOTHING)
    report.unusable(new Error('closed'))
    clock.tick(250)
    report.unusable(new Error('refused'))
    clock.tick(250)
    report.usable({ replayed: 7, everything: false })
    expect(heard).to.deep.equal([
      { degraded: 'closed' },
      { recovered: { outageMs: 500, replayed: 7, everything: false } },
    ])
  })

  it('logs the recovery, with how long it took and what was brought over', () => {
    report.unusable(new Error('closed'))
    clock.tick(500)
    report.usable({ replayed: 7, everything: false })
    expect(logger.lines.slice(1)).to.deep.equal([
      {
        level: 'info',
        message: 'Redis client connected',
        details: { outageMs: 500, replayed: 7, everything: false },
      },
    ])
  })

  it('logs a cause again in the next outage', () => {
    report.unusable(new Error('closed'))
    report.usable(NOTHING)
    report.unusable(new Error('closed'))
    expect(logger.messages('error')).to.have.length(2)
    expect(heard.filter((event) => 'degraded' in event)).to.have.length(2)
  })

  it('tells the last cause as long as Redis is not usable', () => {
    expect(report.lastCause).to.equal(undefined)
    report.unusable(new Error('closed'))
    report.unusable(new Error('refused'))
    expect(report.lastCause).to.equal('refused')
    report.usable(NOTHING)
    expect(report.lastCause).to.equal(undefined)
  })

  it('logs a refused command once, which is no outage', () => {
    report.usable(NOTHING)
    report.refused(new CommandRefusedError('OOM'))
    report.refused(new CommandRefusedError('OOM'))
    expect(logger.lines.slice(1)).to.deep.equal([{ ...ERROR, details: { cause: 'OOM' } }])
    expect(report.lastCause).to.equal(undefined)
    expect(heard).to.deep.equal([])
  })

  it('gives listeners an error, whatever the client rejected with', () => {
    report.unusable('gone')
    expect(heard).to.deep.equal([{ degraded: 'gone' }])
    expect(report.lastCause).to.equal('gone')
  })
})
