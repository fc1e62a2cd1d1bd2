import { expect } from 'chai'
import sinon from 'sinon'
import { Backoff } from '../../lib/client/backoff'

describe('Backoff', () => {
  let random: sinon.SinonStub<[], number>
  let backoff: Backoff

  beforeEach(() => {
    random = sinon.stub(Math, 'random').returns(1)
    backoff = new Backoff()
  })

  afterEach(() => {
    random.restore()
  })

  function next(count: number): number[] {
    return Array.from({ length: count }, () => backoff.next())
  }

  it('waits 50 ms at first, then twice as long each time, and never longer than 400 ms', () => {
    expect(next(6)).to.deep.equal([50, 100, 200, 400, 400, 400])
    expect(next(5000).at(-1)).to.equal(400)
  })

  it('waits for anything from half of that on, so that processes do not keep in step', () => {
    random.returns(0)
    expect(next(4)).to.deep.equal([25, 50, 100, 200])
    random.returns(0.5)
    expect(next(1)).to.deep.equal([300])
  })

  it('begins anew when it is told to', () => {
    next(10)
    backoff.reset()
    expect(next(2)).to.deep.equal([50, 100])
  })

  describe('for a server with many connections', () => {
    it('waits for a millisecond more at the most for each of them, so that all together are no load', () => {
      backoff.shareAmong(5000)
      expect(next(9)).to.deep.equal([50, 100, 200, 400, 800, 1600, 3200, 5000, 5000])
    })

    it('is as patient when it begins anew', () => {
      backoff.shareAmong(1000)
      backoff.reset()
      expect(next(6).at(-1)).to.equal(1000)
    })

    it('follows their number, and stays at 400 ms for a few', () => {
      backoff.shareAmong(1000)
      backoff.shareAmong(3)
      expect(next(6).at(-1)).to.equal(400)
    })
  })
})
