import { expect } from 'chai'
import { Changes } from '../../lib/cache/changes'

const LONG_MS = 60_000

describe('Expected changes', () => {
  let changes: Changes

  beforeEach(() => {
    changes = new Changes()
  })

  it('are told to everybody who expects them, and to nobody else', async () => {
    const told = [changes.expect('a'), changes.expect('a')].map((change) => change.within(LONG_MS))
    const other = changes.expect('b').within(10)
    changes.tell('a')
    expect(await Promise.all(told)).to.deep.equal([true, true])
    expect(await other).to.equal(false)
  })

  it('are told to who begins to wait only afterwards', async () => {
    const change = changes.expect('a')
    changes.tell('a')
    expect(await change.within(LONG_MS)).to.equal(true)
  })

  it('that came before they were expected are not told', async () => {
    changes.tell('a')
    expect(await changes.expect('a').within(10)).to.equal(false)
  })

  it('are told to all where it is not known what has changed', async () => {
    const told = ['a', 'b'].map((key) => changes.expect(key).within(LONG_MS))
    changes.tellAll()
    expect(await Promise.all(told)).to.deep.equal([true, true])
  })

  it('can be forgotten, and the others still hear', async () => {
    const change = changes.expect('a')
    const other = changes.expect('a').within(LONG_MS)
    change.forget()
    changes.tell('a')
    expect(await other).to.equal(true)
  })
})
