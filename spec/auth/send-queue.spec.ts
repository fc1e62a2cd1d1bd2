import { expect } from 'chai'
import type { Revocation } from '../../lib/auth/revocation'
import { SendQueue } from '../../lib/auth/send-queue'

describe('The queue of revocations for Redis', () => {
  let sent: string[][]
  let isRefused: (names: string[]) => boolean

  beforeEach(() => {
    sent = []
    isRefused = () => false
  })

  function queue(most = 3): SendQueue {
    return new SendQueue(most, async (batch) => {
      const names = batch.map(({ id }) => id)
      sent.push(names)
      await Promise.resolve()
      return !isRefused(names)
    })
  }

  it('joins what is added in one turn, so many at most', async () => {
    const sending = queue()
    const answers = ['a', 'b', 'c', 'd'].map((name) => sending.add(revocations(name)))
    expect(await Promise.all(answers)).to.deep.equal([true, true, true, true])
    expect(sent).to.deep.equal([['a', 'b', 'c'], ['d']])
  })

  it('keeps together what is added together, however many', async () => {
    const sending = queue()
    const answers = [['a', 'b'], ['c', 'd'], ['e', 'f', 'g', 'h'], ['i']].map((names) =>
      sending.add(revocations(...names)),
    )
    await Promise.all(answers)
    expect(sent).to.deep.equal([['a', 'b'], ['c', 'd'], ['e', 'f', 'g', 'h'], ['i']])
  })

  it('sends a great many in parts', async () => {
    const sending = queue()
    sending.addMany(revocations('a', 'b', 'c', 'd'))
    expect(sending.isIdle).to.equal(false)
    await sending.add(revocations('e'))
    expect(sent).to.deep.equal([
      ['a', 'b', 'c'],
      ['d', 'e'],
    ])
    await Promise.resolve()
    expect(sending.isIdle).to.equal(true)
  })

  it('sends one batch at a time, and what comes meanwhile after it', async () => {
    const sending = queue()
    const [first] = [sending.add(revocations('a')), sending.add(revocations('b'))]
    await first
    await Promise.all([sending.add(revocations('c')), sending.add(revocations('d'))])
    expect(sent).to.deep.equal([
      ['a', 'b'],
      ['c', 'd'],
    ])
  })

  it('sends what is added in a later turn, after everything before was sent', async () => {
    const sending = queue()
    await sending.add(revocations('a'))
    await new Promise(setImmediate)
    const answers = ['b', 'c'].map((name) => sending.add(revocations(name)))
    expect(await Promise.all(answers)).to.deep.equal([true, true])
    expect(sent).to.deep.equal([['a'], ['b', 'c']])
  })

  it('sends nothing while a batch is under way, and then all that came meanwhile at once', async () => {
    let answer = (): void => undefined
    const sending = new SendQueue(3, (batch) => {
      sent.push(batch.map(({ id }) => id))
      return new Promise((resolve) => {
        answer = () => {
          resolve(true)
        }
      })
    })
    const first = sending.add(revocations('a'))
    await new Promise(setImmediate)
    const others = [sending.add(revocations('b')), sending.add(revocations('c'))]
    await new Promise(setImmediate)
    expect(sent).to.deep.equal([['a']])
    answer()
    await first
    await new Promise(setImmediate)
    expect(sent).to.deep.equal([['a'], ['b', 'c']])
    answer()
    expect(await Promise.all(others)).to.deep.equal([true, true])
  })

  it('sends each by itself where all of them were refused', async () => {
    isRefused = (names) => names.includes('b')
    const sending = queue()
    const answers = ['a', 'b', 'c'].map((name) => sending.add(revocations(name)))
    expect(await Promise.all(answers)).to.deep.equal([true, false, true])
    expect(sent).to.deep.equal([['a', 'b', 'c'], ['a'], ['b'], ['c']])
  })
})

function revocations(...names: string[]): Revocation[] {
  return names.map((id) => ({ kind: 'token', id, value: 1, until: 1 }))
}
