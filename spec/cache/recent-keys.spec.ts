import { inspect } from 'node:util'
import { expect } from 'chai'
import { RecentKeys } from '../../lib/cache/recent-keys'
import { heapAfter } from '../support/heap'

/** More parts than all trees together may have. */
const TOO_MANY = 10_001

describe('Recent keys', () => {
  let recent: RecentKeys

  beforeEach(() => {
    recent = new RecentKeys()
  })

  it('are found by their parts', () => {
    recent.keep(['student', 'ann', 7], 'student:ann:7')
    recent.keep(['student'], 'student')
    expect(recent.find(['student', 'ann', 7])).to.equal('student:ann:7')
    expect(recent.find(['student'])).to.equal('student')
    expect(recent.find(['student', 'ann'])).to.equal(undefined)
    expect(recent.find(['student', 'ann', 7, 8])).to.equal(undefined)
    expect(recent.find([])).to.equal(undefined)
  })

  it('are found where there are no parts', () => {
    recent.keep([], 'roles')
    expect(recent.find([])).to.equal('roles')
  })

  it('tell parts of different types apart', () => {
    recent.keep(['42'], "'42'")
    expect(recent.find([42])).to.equal(undefined)
    recent.keep([42], '42')
    expect([recent.find(['42']), recent.find([42])]).to.deep.equal(["'42'", '42'])
  })

  for (const part of [0, -0, -1, 0.5, NaN, Infinity, 7n, true, undefined, null, {}, 'x'.repeat(65)]) {
    it(`are not kept where a part is ${inspect(part)}`, () => {
      recent.keep(['a', part], 'key')
      expect(recent.find(['a', part])).to.equal(undefined)
    })
  }

  it('are forgotten, those of all trees, when there are too many', () => {
    const other = new RecentKeys()
    recent.keep(['first'], 'first')
    for (let at = 1; at <= TOO_MANY; at += 1) other.keep([at], String(at))
    expect(recent.find(['first'])).to.equal(undefined)
    expect(other.find([1])).to.equal(undefined)
    expect(other.find([TOO_MANY])).to.equal(String(TOO_MANY))
  })

  it('hold no part of the text that theirs was cut from', async () => {
    const grown = await heapAfter(() => {
      for (let at = 0; at < 100; at += 1) {
        const whole = `${String(at)}/an-id-of-some-length/${String.fromCharCode(97 + (at % 26)).repeat(200_000)}`
        recent.keep([whole.slice(0, 20)], 'key')
      }
    })
    expect(grown).to.be.lessThan(2_000_000)
    expect(recent.find(['7/an-id-of-some-leng'])).to.equal('key')
  })
})
