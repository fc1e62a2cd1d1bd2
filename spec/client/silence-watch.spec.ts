import { setImmediate as turn } from 'node:timers/promises'
import { expect } from 'chai'
import { Deadline } from '../../lib/client/deadline'
import { SilenceWatch } from '../../lib/client/silence-watch'
import { eventually } from '../support/eventually'

const LIMIT_MS = 30
const TICK_MS = 10

describe('SilenceWatch', () => {
  let deadline: Deadline
  let answers: number
  let silences: number[]

  beforeEach(() => {
    deadline = new Deadline(60_000)
    answers = 0
    silences = []
  })

  function watch(): SilenceWatch {
    // One that a test leaves behind is not to be heard by the next.
    const heard = silences
    return new SilenceWatch({
      deadline,
      progress: () => answers,
      limitMs: LIMIT_MS,
      onSilence: () => heard.push(performance.now()),
    })
  }

  /** A command under way; the function answers it. */
  function send(silence: SilenceWatch): () => void {
    let answer: () => void = () => undefined
    silence.begin()
    // What a test leaves unanswered is given up a minute later, in the midst of another file: that is nobody's failure.
    deadline.bound(new Promise<void>((resolve) => (answer = resolve))).catch(() => undefined)
    return () => {
      answers += 1
      answer()
    }
  }

  it('tells once when nothing is answered for as long as its limit, long before the budget is used up', async () => {
    const begun = performance.now()
    send(watch())
    await eventually(() => silences.length > 0)
    expect(Number(silences[0]) - begun).to.be.at.least(LIMIT_MS - TICK_MS)
    await passed(4 * LIMIT_MS)
    expect(silences).to.have.length(1)
  })

  it('tells again when somebody else sends and is not answered', async () => {
    const silence = watch()
    send(silence)
    await eventually(() => silences.length === 1)
    send(silence)
    await eventually(() => silences.length === 2)
  })

  it('says nothing of a command that takes its time while others are answered', async () => {
    const silence = watch()
    send(silence)
    const begun = performance.now()
    while (performance.now() - begun < 5 * LIMIT_MS) {
      send(silence)()
      await turn()
    }
    expect(silences).to.deep.equal([])
  })

  it('says nothing while nothing is waited for', async () => {
    send(watch())()
    await passed(4 * LIMIT_MS)
    expect(silences).to.deep.equal([])
  })

  it('does not take an event loop that the application holds for a silence', async () => {
    const answer = send(watch())
    await passed(LIMIT_MS / 3)
    setTimeout(answer, 1)
    const begun = performance.now()
    while (performance.now() - begun < 5 * LIMIT_MS) answers += 0
    await passed(4 * LIMIT_MS)
    expect(silences).to.deep.equal([])
  })

  it('waits longer for who is far away', async () => {
    const silence = watch()
    silence.learn(2 * LIMIT_MS)
    const begun = performance.now()
    send(silence)
    await eventually(() => silences.length > 0)
    expect(Number(silences[0]) - begun).to.be.at.least(8 * LIMIT_MS - TICK_MS)
  })
})

/** Resolves when so much time has passed, in many turns of the event loop. */
async function passed(ms: number): Promise<void> {
  const begun = performance.now()
  await eventually(() => performance.now() - begun >= ms)
}
