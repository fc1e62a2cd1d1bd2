import { expect } from 'chai'
import fc from 'fast-check'
import type { LiveTag } from '../../lib/cache/live-tags'
import { LiveTags } from '../../lib/cache/live-tags'

describe('LiveTags', () => {
  it('are the same for all that depend on a tag, until it is dropped', () => {
    const tags = new LiveTags(10)
    const tag = tags.of('a')
    expect(tags.of('a')).to.equal(tag)
    tags.drop('a')
    tags.drop('never heard of')
    expect(tag.isLive).to.equal(false)
    expect(tags.of('a')).to.not.equal(tag)
    expect(tags.of('a').isLive).to.equal(true)
  })

  it('keep to their bound, and what they forget is no longer live', () => {
    const tags = new LiveTags(100)
    const all = Array.from({ length: 10_000 }, (_, id) => tags.of(String(id)))
    expect(tags.size).to.equal(100)
    expect(all.filter(({ isLive }) => isLive)).to.have.length(100)
  })

  it('forget none within the bound, however often they are dropped and made anew', () => {
    const tags = new LiveTags(3)
    const kept = [tags.of('a'), tags.of('b')]
    for (let round = 0; round < 100; round += 1) {
      tags.of('c')
      tags.drop('c')
    }
    expect(tags.size).to.equal(2)
    expect(kept.every(({ isLive }) => isLive)).to.equal(true)
  })

  it('are dropped in any order', () => {
    const tags = new LiveTags(4)
    const [a, b, c] = [tags.of('a'), tags.of('b'), tags.of('c')]
    tags.drop('a')
    tags.drop('c')
    expect(tags.size).to.equal(1)
    expect([a, b, c].map(({ isLive }) => isLive)).to.deep.equal([false, true, false])
  })

  it('are as many as it says, in whatever order they are dropped and made anew', () => {
    const isDrop = fc.integer({ min: 0, max: 7 }).map((drawn) => drawn === 0)
    const step = fc.record({ isDrop, name: fc.integer({ min: 1, max: 12 }).map(String) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100, size: 'max' }), (steps) => {
        const tags = new LiveTags(3)
        const all = new Set<LiveTag>()
        for (const { isDrop, name } of steps) {
          if (isDrop) tags.drop(name)
          else all.add(tags.of(name))
          expect([...all].filter(({ isLive }) => isLive)).to.have.length(tags.size)
          expect(tags.size).to.be.at.most(3)
        }
      }),
    )
  })

  it('let those go first that are not used', () => {
    const tags = new LiveTags(100)
    const used = tags.of('used')
    for (let id = 0; id < 10_000; id += 1) {
      tags.of(String(id))
      used.isUsed = true
    }
    expect(used.isLive).to.equal(true)
  })

  it('let one go where all are used, and each of them once it no longer is', () => {
    const tags = new LiveTags(3)
    const all = ['a', 'b', 'c'].map((name) => tags.of(name))
    for (const tag of all) tag.isUsed = true
    for (const left of [2, 1, 0]) {
      tags.of(`one of ${String(left)}`)
      expect(all.filter(({ isLive }) => isLive)).to.have.length(left)
    }
  })
})
