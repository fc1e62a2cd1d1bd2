import { expect } from 'chai'
import { CommandRefusedError } from 'holdfast'
import { TurnBatch } from '../../lib/client/turn-batch'

describe('TurnBatch', () => {
  /** A batch of numbers, each with room for ten, and what was sent. */
  function batchOf(send: (items: readonly number[]) => Promise<number[]> = double) {
    const sent: (readonly number[])[] = []
    const batch = new TurnBatch<number, number>({
      send: (items) => {
        sent.push(items)
        return send(items)
      },
      weigh: (item) => item,
      room: 10,
    })
    return { batch, sent }
  }

  it('asks once for all of a turn, and gives each its own', async () => {
    const { batch, sent } = batchOf()
    expect(await Promise.all([1, 2, 3].map((item) => batch.ask(item)))).to.deep.equal([2, 4, 6])
    expect(sent).to.deep.equal([[1, 2, 3]])
    expect(await batch.ask(4)).to.equal(8)
    expect(sent).to.deep.equal([[1, 2, 3], [4]])
  })

  it('asks more than once for what has no room in one, and alone for what has none at all', async () => {
    const { batch, sent } = batchOf()
    expect(await Promise.all([6, 4, 1, 30, 2].map((item) => batch.ask(item)))).to.deep.equal([
      12, 8, 2, 60, 4,
    ])
    expect(sent).to.deep.equal([[6, 4], [1], [30], [2]])
  })

  it('sends at once where it is told to, and nothing where nothing was asked', async () => {
    const { batch, sent } = batchOf()
    batch.flush()
    expect(sent).to.deep.equal([])
    const answer = batch.ask(1)
    batch.flush()
    expect(sent).to.deep.equal([[1]])
    expect(await answer).to.equal(2)
    expect(sent).to.deep.equal([[1]])
  })

  it('brings a failure to all who were sent together, and to nobody else', async () => {
    const failure = new Error('down')
    const { batch } = batchOf((items) => (items.includes(9) ? Promise.reject(failure) : double(items)))
    const answers = await Promise.all([batch.ask(9), batch.ask(1), batch.ask(5)].map(settled))
    expect(answers).to.deep.equal([failure, failure, 10])
  })

  for (const refusal of [new CommandRefusedError('no permission'), new Error('CROSSSLOT keys')]) {
    it(`asks for each alone after '${refusal.message}', which may be for one of them`, async () => {
      const { batch, sent } = batchOf((items) =>
        items.includes(2) ? Promise.reject(refusal) : double(items),
      )
      const answers = [batch.ask(1), batch.ask(2), batch.ask(3)]
      expect(await Promise.all(answers.map(settled))).to.deep.equal([2, refusal, 6])
      expect(sent).to.deep.equal([[1, 2, 3], [1], [2], [3]])
    })
  }
})

function double(items: readonly number[]): Promise<number[]> {
  return Promise.resolve(items.map((item) => 2 * item))
}

async function settled(answer: Promise<number>): Promise<unknown> {
  return answer.catch((error: unknown) => error)
}
