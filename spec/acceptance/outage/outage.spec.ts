import { faults } from './faults'
import type { Instance } from './instance'
import { invariants } from './invariants'
import type { Outcome } from './run-fault'
import { runFault } from './run-fault'
import type { ForEach } from './scene'
import { NAMES, Scene, startInstances } from './scene'

describe('A cache on its defaults, in two processes under a steady load', function () {
  this.timeout(40_000)
  let instances: ForEach<Instance>

  before(async () => {
    instances = await startInstances()
  })

  after(() => Promise.all(NAMES.map((name) => instances[name].kill())))

  for (const fault of faults) {
    describe(`through ${fault.name}`, () => {
      let outcome: Outcome

      before(async () => {
        const scene = await Scene.set(instances, fault.server)
        try {
          outcome = await runFault(fault, scene)
        } finally {
          await scene.end()
        }
      })

      for (const { title, check } of invariants) {
        it(title, () => {
          check(outcome, fault)
        })
      }
    })
  }
})
