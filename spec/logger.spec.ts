import { expect } from 'chai'
import sinon from 'sinon'
import { consoleLogger, silentLogger } from '../lib/logger'

const LEVELS = ['info', 'warn', 'error'] as const

describe('consoleLogger', () => {
  afterEach(() => {
    sinon.restore()
  })

  for (const level of LEVELS) {
    it(`writes one line to console.${level}`, () => {
      const lines = LEVELS.map((name) => sinon.stub(console, name))
      consoleLogger[level]('Redis client connected')
      expect(lines.flatMap((stub) => stub.args)).to.deep.equal([['Redis client connected']])
      expect(lines[LEVELS.indexOf(level)]?.callCount).to.equal(1)
    })
  }

  it('puts the details behind the message, as name=value', () => {
    const error = sinon.stub(console, 'error')
    consoleLogger.error('Redis client error', { cause: 'read ECONNRESET', attempts: 3 })
    expect(error.args).to.deep.equal([['Redis client error (cause="read ECONNRESET" attempts=3)']])
  })

  it('stays on one line, whatever the details hold', () => {
    const warn = sinon.stub(console, 'warn')
    consoleLogger.warn('Cache value not stored', { cause: 'first\nsecond' })
    expect(warn.args).to.deep.equal([['Cache value not stored (cause="first\\nsecond")']])
  })

  it('writes the message alone where the details are empty', () => {
    const info = sinon.stub(console, 'info')
    consoleLogger.info('Redis client connected', {})
    expect(info.args).to.deep.equal([['Redis client connected']])
  })
})

describe('silentLogger', () => {
  afterEach(() => {
    sinon.restore()
  })

  it('writes nothing', () => {
    const stubs = [...LEVELS, 'log' as const].map((name) => sinon.stub(console, name))
    for (const level of LEVELS) silentLogger[level]('anything', { at: 'all' })
    expect(stubs.flatMap((stub) => stub.args)).to.deep.equal([])
  })
})
