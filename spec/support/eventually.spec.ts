import { expect } from 'chai'
import sinon from 'sinon'
import { eventually } from './eventually'

describe('eventually', () => {
  it('resolves with what the check returns as soon as it no longer throws', async () => {
    let calls = 0
    const result = await eventually(() => {
      expect(++calls).to.be.greaterThan(2)
      return 'done'
    })
    expect(result).to.equal('done')
    expect(calls).to.equal(3)
  })

  it('waits for a predicate that resolves to something else than false', async () => {
    let calls = 0
    await eventually(() => Promise.resolve(++calls > 2))
    expect(calls).to.equal(3)
  })

  it('fails with the last error once the time is over', async () => {
    let calls = 0
    const waiting = eventually(
      () => {
        throw new Error(`failure ${String(++calls)}`)
      },
      { withinMs: 20 },
    )
    expect(await waiting.catch(String)).to.equal(`Error: failure ${String(calls)}`)
    expect(calls).to.be.greaterThan(1)
  })

  it('names the predicate that stayed false', async () => {
    const arrivals: string[] = []
    const waiting = eventually(() => arrivals.includes('it'), { withinMs: 0 })
    expect(await waiting.catch(String)).to.match(/^Error: Still false: .*arrivals\.includes/)
  })

  it('goes on in real time while the clock is a fake one', async () => {
    const clock = sinon.useFakeTimers()
    try {
      let calls = 0
      await eventually(() => ++calls > 2)
      expect(calls).to.equal(3)
    } finally {
      clock.restore()
    }
  })
})
