import { expect } from 'chai'
import { Grounding } from '../../lib/cache/grounding'

describe('Grounding', () => {
  function open() {
    const clock = { now: 0 }
    return { clock, grounding: new Grounding(() => clock.now) }
  }

  it('covers what has been noted, for as long as that was for', () => {
    const { clock, grounding } = open()
    expect(grounding.covers(1, ['floor'], 1)).to.equal(false)
    grounding.note(1, ['floor', 'a'], 1000)
    expect(grounding.covers(1, ['floor', 'a'], 1000)).to.equal(true)
    expect(grounding.covers(1, ['floor', 'b'], 1)).to.equal(false)
    clock.now = 400
    expect([600, 601].map((lifeMs) => grounding.covers(1, ['floor'], lifeMs))).to.deep.equal([true, false])
  })

  it('is of one store: another one has other stamps', () => {
    const { grounding } = open()
    grounding.note(1, ['floor'], 1000)
    expect(grounding.covers(2, ['floor'], 1)).to.equal(false)
    grounding.note(2, ['a'], 1000)
    expect(grounding.covers(2, ['floor'], 1)).to.equal(false)
  })

  it('forgets rather than grow without end', () => {
    const { grounding } = open()
    grounding.note(1, ['first'], 1000)
    for (let stamp = 0; stamp < 10_000; stamp += 1) grounding.note(1, [String(stamp)], 1000)
    expect(grounding.covers(1, ['first'], 1)).to.equal(false)
    expect(grounding.covers(1, ['9999'], 1)).to.equal(true)
  })
})
