import { expect } from 'chai'
import type { CacheClient } from 'holdfast'
import { HistoryProof } from '../../lib/client/history-proof'
import type { Verdict } from '../../lib/client/history-proof'
import type { Send } from '../../lib/client/invalidation'
import { eventually } from '../support/eventually'
import { FakePrimary } from '../support/fake-primary'
import { rejection } from '../support/rejection'

const LONG_MS = 60_000
const STAMPING = { counter: 'counter', stamps: ['tag'], ttlMs: LONG_MS }
const NEW_CONNECTION = false
const SAME_CONNECTION = true
const NOTHING: Omit<Verdict, 'lacksSince'> = { isLost: false, missing: [] }

// What is made of the verdict is in carry-over.spec.ts; the same against a real Redis is in outages.spec.ts.
describe('HistoryProof', () => {
  let redis: FakePrimary
  let proof: HistoryProof

  beforeEach(() => {
    redis = new FakePrimary()
    proof = new HistoryProof('anchor:', 3)
  })

  const send: Send = (command) => command(redis)

  /** A command that is carried out, and whose answer is lost on the way. */
  const withoutAnswer: Send = async (command) => {
    await command(redis)
    throw new Error('no answer')
  }

  async function prove(isSameConnection: boolean): Promise<{ isLost: boolean; missing: unknown }> {
    const { isLost, missing } = await proof.prove(send, isSameConnection)
    return { isLost, missing: missing === 'everything' ? missing : missing.map(([name]) => name).sort() }
  }

  function note(...keys: string[]): void {
    proof.note({ keys })
  }

  it('finds nothing missing in a Redis that it sees for the first time', async () => {
    expect(await prove(NEW_CONNECTION)).to.deep.equal(NOTHING)
  })

  it('keeps two keys in Redis, of an instance alone, that live for a day after they were last written', async () => {
    for (let time = 0; time < 5; time += 1) await prove(SAME_CONNECTION)
    await new HistoryProof('anchor:', 3).prove(send, NEW_CONNECTION)
    const keys = [...redis.store.keys()]
    expect(keys).to.have.length(3)
    for (const key of keys) expect(key).to.match(/^anchor:[\w-]{12}:[01]$/)
    const ttls: number[] = []
    const noting: CacheClient = Object.assign(new FakePrimary(), {
      set: (_key: string, _value: Buffer, ttlMs: number) => {
        ttls.push(ttlMs)
        return Promise.resolve()
      },
    })
    await proof.prove((command) => command(noting), NEW_CONNECTION)
    expect(ttls).to.deep.equal([24 * 60 * 60 * 1000])
  })

  describe('with the anchor as it is remembered', () => {
    beforeEach(async () => {
      note('before the first')
      await prove(NEW_CONNECTION)
      note('before the last')
      await prove(SAME_CONNECTION)
      note('after the last')
    })

    it('finds nothing missing on the same connection: all went over it, one after the other', async () => {
      expect(await prove(SAME_CONNECTION)).to.deep.equal(NOTHING)
    })

    it('finds missing on a new one what was acknowledged after it: whether that is there is not known', async () => {
      expect(await prove(NEW_CONNECTION)).to.deep.equal({ isLost: false, missing: ['after the last'] })
    })

    it('finds it missing once: then it stands before an anchor', async () => {
      await prove(NEW_CONNECTION)
      expect(await prove(NEW_CONNECTION)).to.deep.equal(NOTHING)
    })
  })

  describe('with an older anchor', () => {
    for (const isSameConnection of [SAME_CONNECTION, NEW_CONNECTION]) {
      const where = isSameConnection ? 'the same connection' : 'a new one'

      it(`finds lost what was acknowledged after that one, on ${where}`, async () => {
        note('before')
        await prove(NEW_CONNECTION)
        await prove(SAME_CONNECTION)
        const goBack = await redis.snapshot()
        note('after')
        await prove(SAME_CONNECTION)
        note('later')
        await goBack()
        expect(await prove(isSameConnection)).to.deep.equal({ isLost: true, missing: ['after', 'later'] })
        expect(await prove(SAME_CONNECTION)).to.deep.equal(NOTHING)
      })

      it(`finds lost all that is remembered where there is none, on ${where}`, async () => {
        note('a', 'b')
        await prove(NEW_CONNECTION)
        note('c')
        await prove(SAME_CONNECTION)
        redis.store.clear()
        expect(await prove(isSameConnection)).to.deep.equal({ isLost: true, missing: ['a', 'b', 'c'] })
        expect(await prove(SAME_CONNECTION)).to.deep.equal(NOTHING)
      })
    }

    for (const [what, value] of [
      ['of another instance', 'somebody-els.7'],
      ['that is none', 'garbage'],
      ['without a number', ''],
    ] as const) {
      it(`takes one ${what} for none`, async () => {
        note('a')
        await prove(NEW_CONNECTION)
        for (const key of redis.store.keys()) await redis.store.set(key, Buffer.from(value), LONG_MS)
        expect(await prove(SAME_CONNECTION)).to.deep.equal({ isLost: true, missing: ['a'] })
      })
    }

    it('finds lost again what was brought again, when Redis goes back once more', async () => {
      await prove(NEW_CONNECTION)
      const goBack = await redis.snapshot()
      note('a')
      await prove(SAME_CONNECTION)
      for (let time = 0; time < 3; time += 1) {
        await goBack()
        expect(await prove(NEW_CONNECTION)).to.deep.equal({ isLost: true, missing: ['a'] })
        note('a')
        await prove(SAME_CONNECTION)
      }
    })

    it('remembers of a change that was made twice the later time', async () => {
      await prove(NEW_CONNECTION)
      note('a')
      await prove(SAME_CONNECTION)
      note('a')
      const goBack = await redis.snapshot()
      await prove(SAME_CONNECTION)
      await goBack()
      expect(await prove(NEW_CONNECTION)).to.deep.equal({ isLost: true, missing: ['a'] })
    })
  })

  describe('with an anchor that was sent and never acknowledged', () => {
    beforeEach(async () => {
      await prove(NEW_CONNECTION)
      note('before')
    })

    const withoutArrival: Send = () => Promise.reject(new Error('no answer'))

    for (const [whether, lossy] of [
      ['has arrived', withoutAnswer],
      ['has not', withoutArrival],
    ] as const) {
      it(`looks at the one before, whether that one ${whether}`, async () => {
        expect(await rejection(proof.prove(lossy, SAME_CONNECTION))).to.have.property('message', 'no answer')
        note('after')
        expect(await prove(NEW_CONNECTION)).to.deep.equal({ isLost: false, missing: ['after', 'before'] })
      })
    }

    it('keeps the evidence that Redis has gone back, however many of them there are', async () => {
      const goBack = await redis.snapshot()
      await prove(SAME_CONNECTION)
      await prove(SAME_CONNECTION)
      note('after')
      await goBack()
      for (let time = 0; time < 3; time += 1) await rejection(proof.prove(withoutAnswer, NEW_CONNECTION))
      const verdict = await prove(NEW_CONNECTION)
      expect(verdict).to.have.property('isLost', true)
      expect(verdict.missing).to.include('after')
    })

    it('finds lost what follows it where Redis has gone back to before it', async () => {
      const goBack = await redis.snapshot()
      await rejection(proof.prove(withoutAnswer, SAME_CONNECTION))
      note('after')
      await prove(SAME_CONNECTION)
      await goBack()
      expect(await prove(NEW_CONNECTION)).to.deep.equal({ isLost: true, missing: ['after', 'before'] })
    })

    it('finds missing also then what was acknowledged where it was the first of all', async () => {
      proof = new HistoryProof('anchor:', 3)
      await rejection(proof.prove(withoutAnswer, NEW_CONNECTION))
      note('after the first')
      redis.store.clear()
      expect((await prove(NEW_CONNECTION)).missing).to.deep.equal(['after the first'])
    })
  })

  describe('of more changes than it remembers', () => {
    beforeEach(() => prove(NEW_CONNECTION))

    it('finds everything missing where the forgotten ones may be', async () => {
      note('a', 'b', 'c', 'd')
      expect(await prove(NEW_CONNECTION)).to.deep.equal({ isLost: false, missing: 'everything' })
    })

    it('does not miss those that are known to be there', async () => {
      note('a', 'b', 'c')
      await prove(SAME_CONNECTION)
      note('d')
      expect(await prove(NEW_CONNECTION)).to.deep.equal({ isLost: false, missing: ['d'] })
    })

    it('finds everything lost where Redis has gone back to before the forgotten ones', async () => {
      const goBack = await redis.snapshot()
      note('a', 'b', 'c')
      await prove(SAME_CONNECTION)
      note('d')
      await prove(SAME_CONNECTION)
      await goBack()
      expect(await prove(NEW_CONNECTION)).to.deep.equal({ isLost: true, missing: 'everything' })
    })

    it('counts a change once, however often it was made', async () => {
      for (let time = 0; time < 10; time += 1) note('a', 'b', 'c')
      expect(await prove(NEW_CONNECTION)).to.deep.equal({ isLost: false, missing: ['a', 'b', 'c'] })
    })

    it('forgets those first that were made first', async () => {
      note('a', 'b', 'c')
      await prove(SAME_CONNECTION)
      note('a')
      note('d')
      expect(await prove(NEW_CONNECTION)).to.deep.equal({ isLost: false, missing: ['a', 'd'] })
    })
  })

  describe('where Redis does not permit it', () => {
    beforeEach(() => {
      redis.refuses.add('set')
      note('a')
    })

    it('has all that is remembered brought again over each new connection', async () => {
      expect(await prove(NEW_CONNECTION)).to.deep.equal({ isLost: false, missing: ['a'] })
      expect(await prove(NEW_CONNECTION)).to.deep.equal({ isLost: false, missing: ['a'] })
    })

    it('finds nothing missing on the same one', async () => {
      expect(await prove(SAME_CONNECTION)).to.deep.equal(NOTHING)
    })

    it('finds everything missing once it remembers no longer all that ever was', async () => {
      note('b', 'c', 'd')
      expect(await prove(NEW_CONNECTION)).to.deep.equal({ isLost: false, missing: 'everything' })
    })

    it('leaves nothing to be taken away', async () => {
      await prove(NEW_CONNECTION)
      await proof.end(send)
      expect(redis.calls).to.deep.equal(['set', 'getMany'])
    })
  })

  it('has brought again on the same connection what was acknowledged while Redis refused an anchor', async () => {
    await prove(NEW_CONNECTION)
    redis.refuses.add('set')
    await prove(SAME_CONNECTION)
    note('a')
    redis.refuses.clear()
    expect(await prove(SAME_CONNECTION)).to.deep.equal({ isLost: false, missing: ['a'] })
    expect(await prove(SAME_CONNECTION)).to.deep.equal(NOTHING)
  })

  it('has what was acknowledged while Redis did not permit it brought again once it does', async () => {
    redis.refuses.add('set')
    await prove(NEW_CONNECTION)
    note('a')
    redis.refuses.clear()
    expect((await prove(NEW_CONNECTION)).missing).to.deep.equal(['a'])
  })

  it('knows since when something may be missing: never, since the last anchor, or since ever', async () => {
    const lacksSince = async (isSameConnection: boolean): Promise<number> =>
      (await proof.prove(send, isSameConnection)).lacksSince
    expect(await lacksSince(NEW_CONNECTION)).to.equal(-Infinity)
    const begun = performance.now()
    expect(await lacksSince(SAME_CONNECTION)).to.equal(Infinity)
    const proven = performance.now()
    expect(await lacksSince(NEW_CONNECTION)).to.be.within(begun, proven)
    redis.store.clear()
    expect(await lacksSince(SAME_CONNECTION)).to.equal(-Infinity)
  })

  it('is not confused by two proofs that are asked for at once', async () => {
    await prove(NEW_CONNECTION)
    note('a')
    const both = await Promise.all([prove(SAME_CONNECTION), prove(SAME_CONNECTION)])
    expect(both).to.deep.equal([NOTHING, NOTHING])
    expect(await prove(SAME_CONNECTION)).to.deep.equal(NOTHING)
  })

  it('rejects as Redis does, and knows as much as before', async () => {
    await prove(NEW_CONNECTION)
    note('a')
    redis.mode = 'down'
    expect(await rejection(proof.prove(send, SAME_CONNECTION))).to.have.property('message', 'down')
    redis.mode = 'up'
    expect(await prove(NEW_CONNECTION)).to.deep.equal({ isLost: false, missing: ['a'] })
  })

  it('names each change that is missing as it was made', async () => {
    await prove(NEW_CONNECTION)
    proof.note({ keys: ['a'] })
    proof.note({ ...STAMPING, stamps: ['tag', 'other'] })
    const { missing } = await proof.prove(send, NEW_CONNECTION)
    expect(missing).to.have.deep.members([
      ['a', 'delete'],
      ['tag', { ...STAMPING, stamps: ['tag'] }],
      ['other', { ...STAMPING, stamps: ['other'] }],
    ])
  })

  it('takes its key away when nobody is going to ask for it', async () => {
    await prove(NEW_CONNECTION)
    await proof.end(send)
    expect(await redis.store.size()).to.equal(0)
  })

  it('has nothing to take away where it never got as far', async () => {
    await proof.end(() => Promise.reject(new Error('never called')))
    await eventually(() => redis.calls.length === 0)
  })
})
