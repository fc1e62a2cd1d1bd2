import { expect } from 'chai'
import { ChangeLog } from '../../lib/cache/change-log'

describe('ChangeLog', () => {
  it('knows what changed after a moment, and what did not', () => {
    const log = new ChangeLog()
    log.note('a', 1)
    log.note('b', 2)
    expect(log.mayHaveChanged('a', 0)).to.equal(true)
    expect(log.mayHaveChanged('a', 1)).to.equal(false)
    expect(log.mayHaveChanged('b', 1)).to.equal(true)
    expect(log.mayHaveChanged('c', 0)).to.equal(false)
  })

  it('knows at least the last 5,000 changes by name, and of what was before assumes the worst', () => {
    const log = new ChangeLog()
    for (let moment = 1; moment <= 100_000; moment += 1) {
      log.note(`name ${String(moment)}`, moment)
      if (moment % 1111 !== 0 || moment < 10_000) continue
      expect(log.mayHaveChanged('another', moment - 4999)).to.equal(false)
      expect(log.mayHaveChanged(`name ${String(moment - 4999)}`, moment - 5000)).to.equal(true)
      expect(log.mayHaveChanged('another', moment - 10_000)).to.equal(true)
    }
  })

  it('knows fewer changes by names that are long, and holds on to few of these', () => {
    const log = new ChangeLog()
    const nameAt = (moment: number): string => `${String(moment)}${'x'.repeat(100_000)}`
    for (let moment = 1; moment <= 100; moment += 1) log.note(nameAt(moment), moment)
    expect(log.mayHaveChanged('another', 80)).to.equal(true)
    expect(log.mayHaveChanged('another', 91)).to.equal(false)
    expect(log.mayHaveChanged(nameAt(92), 91)).to.equal(true)
    expect(log.mayHaveChanged(nameAt(91), 91)).to.equal(false)
  })

  it('counts a name that changes again and again as one', () => {
    const log = new ChangeLog()
    for (let moment = 1; moment <= 20_000; moment += 1) log.note('a', moment)
    expect(log.mayHaveChanged('b', 0)).to.equal(false)
    expect(log.mayHaveChanged('a', 19_999)).to.equal(true)
  })
})
