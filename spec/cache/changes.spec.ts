import { expect } from 'chai'
import { Changes } from '../../lib/cache/changes'

const LONG_MS = 60_000

describe('Expected changes', () => {
  let changes: Changes

  beforeEach(() => {
    changes = new Changes()
  })

  it('are told to everybody who waits for them, and to nobody else', async () => {
    const told = [1, 2].map(() => changes.within(LONG_MS, 'a', changes.now))
    const other = changes.within(10, 'b', changes.now)
    changes.tell('a')
    expect(await Promise.all(told)).to.deep.equal([true, true])
    expect(await other).to.equal(false)
  })

  it('are told to who begins to wait only afterwards', async () => {
    const since = changes.now
    changes.tell('a')
    expect(await changes.within(LONG_MS, 'a', since)).to.equal(true)
  })

  it('that came before they were expected are not told', async () => {
    changes.tell('a')
    expect(await changes.within(10, 'a', changes.now)).to.equal(false)
  })

  it('are told to all where it is not known what has changed', async () => {
    const since = changes.now
    const told = ['a', 'b'].map((key) => changes.within(LONG_MS, key, since))
    changes.tellAll()
    told.push(changes.within(LONG_MS, 'c', since))
    expect(await Promise.all(told)).to.deep.equal([true, true, true])
    expect(await changes.within(10, 'c', changes.now)).to.equal(false)
  })

  it('are told to the others when the time of one is over', async () => {
    const first = changes.within(1, 'a', changes.now)
    const other = changes.within(LONG_MS, 'a', changes.now)
    expect(await first).to.equal(false)
    changes.tell('a')
    expect(await other).to.equal(true)
  })

  it('are taken to have come where too much has changed to know', async () => {
    const since = changes.now
    for (let id = 0; id < 20_000; id += 1) changes.tell(String(id))
    expect(await changes.within(LONG_MS, 'a', since)).to.equal(true)
  })
})
