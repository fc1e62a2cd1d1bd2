import { expect } from 'chai'
import { PartSize } from '../../lib/auth/part-size'

const QUICK_MS = 0.5
const SLOW_MS = 4

describe('The size of the parts in which a log is read', () => {
  let size: PartSize

  beforeEach(() => {
    size = new PartSize()
  })

  function after(...times: number[]): number {
    for (const ms of times) size.took(ms)
    return size.count
  }

  it('begins small, for code that has never run is slow', () => {
    expect(size.count).to.equal(32)
  })

  it('grows by as many while parts are worked on quickly, up to 1,000', () => {
    expect(after(QUICK_MS)).to.equal(64)
    expect(after(QUICK_MS)).to.equal(96)
    expect(after(...many(27))).to.equal(960)
    expect(after(...many(5))).to.equal(1000)
  })

  it('stays where a part takes its time', () => {
    after(QUICK_MS)
    expect(after(1, 2, 3)).to.equal(64)
  })

  it('is halved by a part that holds the event loop up, and is never less than at first', () => {
    after(...many(3))
    expect(after(SLOW_MS)).to.equal(64)
    expect(after(SLOW_MS, SLOW_MS, SLOW_MS)).to.equal(32)
  })
})

function many(count: number): number[] {
  return Array.from({ length: count }, () => QUICK_MS)
}
