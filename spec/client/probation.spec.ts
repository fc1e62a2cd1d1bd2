import { expect } from 'chai'
import sinon from 'sinon'
import { Probation } from '../../lib/client/probation'
import { failOnUnhandledRejections } from '../support/unhandled-rejections'

describe('Probation', () => {
  failOnUnhandledRejections()

  let clock: sinon.SinonFakeTimers
  let probation: Probation
  let asked: number
  let outcome: string | undefined

  beforeEach(() => {
    clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'performance'] })
    probation = new Probation()
    asked = 0
    outcome = undefined
  })

  afterEach(() => {
    clock.restore()
  })

  function begin(answer: () => Promise<void> = () => Promise.resolve()): void {
    outcome = undefined
    const passing = probation.pass(() => {
      asked += 1
      return answer()
    })
    void passing.then(
      () => (outcome = 'passed'),
      (error: unknown) => (outcome = String(error)),
    )
  }

  it('is for who has had five hiccups within four seconds, and for nobody else', () => {
    for (let hiccup = 0; hiccup < 6; hiccup++) {
      expect(probation.note()).to.equal(false)
      clock.tick(1000)
    }
    expect(probation.note()).to.equal(false)
    clock.tick(999)
    expect(probation.note()).to.equal(true)
  })

  it('asks nothing of who is not on it', async () => {
    for (let hiccup = 0; hiccup < 4; hiccup++) probation.note()
    begin()
    await clock.tickAsync(0)
    expect(outcome).to.equal('passed')
    expect(asked).to.equal(0)
  })

  describe('once it is on', () => {
    beforeEach(() => {
      for (let hiccup = 0; hiccup < 5; hiccup++) probation.note()
    })

    it('takes six answers within half a second, and is over then', async () => {
      begin()
      await clock.tickAsync(499)
      expect(asked).to.equal(5)
      expect(outcome).to.equal(undefined)
      await clock.tickAsync(1)
      expect(asked).to.equal(6)
      expect(outcome).to.equal('passed')
      begin()
      await clock.tickAsync(0)
      expect(outcome).to.equal('passed')
      expect(asked).to.equal(6)
    })

    it('is not passed where one answer fails, and begins again the next time, however late', async () => {
      begin(() => (asked === 4 ? Promise.reject(new Error('late')) : Promise.resolve()))
      await clock.tickAsync(60_000)
      expect(outcome).to.equal('Error: late')
      expect(asked).to.equal(4)
      begin()
      await clock.tickAsync(499)
      expect(outcome).to.equal(undefined)
      await clock.tickAsync(1)
      expect(outcome).to.equal('passed')
      expect(asked).to.equal(10)
    })

    it('is on again with the next hiccup within four seconds after it was passed', async () => {
      begin()
      await clock.tickAsync(500 + 3999)
      expect(probation.note()).to.equal(true)
    })

    it('is for five once more after that', async () => {
      begin()
      await clock.tickAsync(500 + 4000)
      for (let hiccup = 0; hiccup < 4; hiccup++) expect(probation.note()).to.equal(false)
      expect(probation.note()).to.equal(true)
    })
  })
})
