import { expect } from 'chai'
import type { Instance } from './instance'
import { NAMES, Scene, startInstances } from './scene'
import type { ForEach } from './scene'

const CALLERS = 16
/** More changes than the journal holds. */
const FIRST_ROUNDS = 750
const MORE_ROUNDS = 3000
const MOST_BYTES_MORE = 2 * 2 ** 20

describe('An outage at full load', function () {
  this.timeout(40_000)
  let instances: ForEach<Instance>
  let scene: Scene

  before(async () => {
    instances = await startInstances()
  })

  after(() => Promise.all(NAMES.map((name) => instances[name].kill())))

  beforeEach(async () => {
    scene = await Scene.set(instances, { persistent: true })
    await scene.open({ isWired: false })
    await scene.ready()
  })

  afterEach(async () => {
    await scene.each((_, instance) => instance.ask('close'))
    await scene.end()
  })

  const outages = [
    ['kill', () => scene.server.kill(), () => scene.server.start()],
    ['freeze', () => scene.server.stop(), () => scene.server.continue()],
  ] as const
  for (const [name, begin, end] of outages) {
    it(`(a ${name}) fails no call, takes no more memory the longer it lasts, and leaves nothing of before valid`, async () => {
      const { a, b } = instances
      await a.ask('plant', 'flooded')
      await begin()
      const first = await a.ask('flood', CALLERS, FIRST_ROUNDS)
      await a.reached('degraded')
      const bytesBefore = await a.ask('memoryInUse')
      const more = await a.ask('flood', CALLERS, MORE_ROUNDS)
      expect((await a.ask('memoryInUse')) - bytesBefore).to.be.lessThan(MOST_BYTES_MORE)
      expect([...first.failures, ...more.failures]).to.deep.equal([])
      expect(more.stood).to.deep.equal({ memory: CALLERS * MORE_ROUNDS })

      await end()
      await scene.ready()
      for (const instance of [a, b]) {
        const values = await instance.ask(
          'read',
          ['deleted', 'written', 'tagged'].map((key) => `flooded:${key}`),
        )
        expect(values).to.deep.equal([undefined, undefined, undefined])
      }
      const { log, accidents } = await a.ask('report')
      expect(accidents).to.deep.equal([])
      const warnings = log.filter(({ level }) => level === 'warn').map(({ message }) => message)
      expect(warnings).to.deep.equal([
        'Too much has changed to be noted one by one: Redis will be told that all of it is void',
      ])
      expect(log.at(-1)?.details).to.include({ everything: true })
    })
  }
})
