import { expect } from 'chai'
import { Instance } from './instance'
import { staleIn } from './application/material'
import { Scene } from './scene'

/** A deleted key, a written one, one that was both, a tag and a token. */
const CHANGES = 5
const CLOSES_WITHIN_MS = 2000

describe('An application that is told to end (SIGTERM) during an outage', function () {
  this.timeout(30_000)
  let scene: Scene
  let a: Instance
  let b: Instance

  beforeEach(async () => {
    ;[a, b] = await Promise.all([Instance.start('a'), Instance.start('b')])
    scene = await Scene.set({ a, b }, { persistent: true })
    await scene.open({ isWired: true })
    await scene.ready()
    await a.ask('plant', 'last')
    await b.ask('plant', 'last')
  })

  afterEach(async () => {
    await a.kill()
    await b.kill()
    await scene.end()
  })

  /** Changes everything on the first instance, once it has lost Redis. */
  async function changeWithoutRedis(): Promise<void> {
    await a.reached('degraded')
    await b.ask('publish', 'last')
    await a.ask('publish', 'last')
    expect(new Set(await a.ask('change', 'last'))).to.deep.equal(new Set(['memory']))
  }

  const outages = [
    ['gone', () => scene.server.kill()],
    ['frozen', () => scene.server.stop()],
    [
      'behind a wire that swallows everything',
      () => {
        scene.wires.a.blackhole()
      },
    ],
  ] as const
  for (const [what, begin] of outages) {
    it(`ends in time and says what it could not hand over to a Redis that is ${what}`, async () => {
      await a.ask('startLoad')
      await begin()
      await changeWithoutRedis()
      const { code, farewell } = await a.terminate()
      expect(code).to.equal(0)
      expect(farewell?.closing?.ms).to.be.lessThan(CLOSES_WITHIN_MS)
      const notCarriedOver = farewell?.closing?.notCarriedOver
      expect(notCarriedOver).to.be.at.least(CHANGES)
      expect(farewell?.log?.at(-1)).to.deep.equal({
        level: 'warn',
        message: 'Closed before Redis was back',
        details: { changesNotCarriedOver: notCarriedOver },
      })
    })
  }

  it('hands over everything to a Redis that comes back in that moment', async () => {
    await scene.wires.a.refuse()
    await changeWithoutRedis()
    expect(staleIn(await b.ask('inspect', 'last'))).to.not.be.empty
    // Whoever is told to end tries once: Redis is there before, if only just.
    await scene.wires.a.accept()
    const { code, farewell } = await a.terminate()
    expect(code).to.equal(0)
    expect(farewell?.closing?.notCarriedOver).to.equal(0)
    expect(staleIn(await b.ask('inspect', 'last'))).to.deep.equal([])
  })
})
