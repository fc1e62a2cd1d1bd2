import { expect } from 'chai'
import { RevocationCopy } from '../../lib/auth/revocation-copy'
import { ManualClock } from '../support/manual-clock'

describe('The copy of the revocations', () => {
  let clock: ManualClock
  let now: number

  beforeEach(() => {
    clock = new ManualClock('2026-03-01T10:00:00Z')
    now = clock.seconds
  })

  it('has what it has learnt, and nothing else', () => {
    const copy = new RevocationCopy(10, clock)
    copy.learn({ id: 'a', value: 5, until: now + 10 }, true)
    expect(copy.find('a')).to.equal(5)
    expect(copy.find('b')).to.equal(undefined)
  })

  it('has a revocation up to the end of its life', () => {
    const copy = new RevocationCopy(10, clock)
    copy.learn({ id: 'a', value: 5, until: now + 10 }, true)
    clock.advance(9999)
    expect(copy.find('a')).to.equal(5)
    clock.advance(1)
    expect(copy.find('a')).to.equal(undefined)
    expect(idsOf(copy.live())).to.deep.equal([])
  })

  it('keeps the greater value and the longer life, in whatever order they come', () => {
    const forth = new RevocationCopy(10, clock)
    const back = new RevocationCopy(10, clock)
    const revocations = [
      { id: 'a', value: 5, until: now + 100 },
      { id: 'a', value: 9, until: now + 10 },
      { id: 'a', value: 7, until: now + 50 },
    ]
    for (const revocation of revocations) forth.learn(revocation, true)
    for (const revocation of revocations.toReversed()) back.learn(revocation, true)
    const merged = [{ id: 'a', value: 9, until: now + 100 }]
    expect([...forth.live()]).to.deep.equal(merged)
    expect([...back.live()]).to.deep.equal(merged)
  })

  it('marks what Redis does not know yet, until it is settled', () => {
    const copy = new RevocationCopy(10, clock)
    const own = { id: 'own', value: 5, until: now + 10 }
    copy.learn(own, true)
    copy.learn({ id: 'met', value: 5, until: now + 10 }, false)
    expect(idsOf(copy.dirty())).to.deep.equal(['own'])
    expect(idsOf(copy.live())).to.deep.equal(['own', 'met'])
    copy.settle(own)
    expect(idsOf(copy.dirty())).to.deep.equal([])
    expect(copy.find('own')).to.equal(5)
  })

  it('goes on marking what was learnt while an older state was being sent', () => {
    const sent = { id: 'a', value: 5, until: now + 10 }
    for (const meanwhile of [
      { ...sent, value: 6 },
      { ...sent, until: now + 20 },
    ]) {
      const copy = new RevocationCopy(10, clock)
      copy.learn(sent, true)
      copy.learn(meanwhile, true)
      copy.settle(sent)
      expect([...copy.dirty()]).to.deep.equal([meanwhile])
    }
  })

  it('goes on marking what Redis was heard to know less of', () => {
    const copy = new RevocationCopy(10, clock)
    copy.learn({ id: 'a', value: 9, until: now + 10 }, true)
    copy.learn({ id: 'a', value: 5, until: now + 5 }, false)
    expect([...copy.dirty()]).to.deep.equal([{ id: 'a', value: 9, until: now + 10 }])
  })

  it('takes no more than its capacity, and says so', () => {
    const copy = new RevocationCopy(2, clock)
    expect(copy.learn({ id: 'a', value: 1, until: now + 10 }, true)).to.equal(true)
    expect(copy.learn({ id: 'b', value: 1, until: now + 20 }, true)).to.equal(true)
    expect(copy.learn({ id: 'c', value: 1, until: now + 20 }, true)).to.equal(false)
    expect(idsOf(copy.live())).to.deep.equal(['a', 'b'])
  })

  it('learns more of what it has when it is full', () => {
    const copy = new RevocationCopy(1, clock)
    copy.learn({ id: 'a', value: 1, until: now + 10 }, true)
    expect(copy.learn({ id: 'a', value: 2, until: now + 10 }, true)).to.equal(true)
    expect(copy.find('a')).to.equal(2)
  })

  it('makes room by those whose life is over, and only by them', () => {
    const copy = new RevocationCopy(2, clock)
    copy.learn({ id: 'a', value: 1, until: now + 10 }, true)
    copy.learn({ id: 'b', value: 1, until: now + 20 }, true)
    clock.advance(10_000)
    expect(copy.learn({ id: 'c', value: 1, until: now + 20 }, true)).to.equal(true)
    expect(idsOf(copy.live())).to.deep.equal(['b', 'c'])
  })

  it('settles nothing that it does not have', () => {
    const copy = new RevocationCopy(1, clock)
    copy.settle({ id: 'a', value: 1, until: now + 10 })
    expect(copy.find('a')).to.equal(undefined)
  })
})

function idsOf(revocations: Iterable<{ id: string }>): string[] {
  return Array.from(revocations, ({ id }) => id)
}
