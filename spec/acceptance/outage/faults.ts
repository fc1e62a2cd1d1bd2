import type { Fault } from './fault'
import { done } from './fault'
import { serverFaults } from './server-faults'
import { wireFaults } from './wire-faults'

/** What happens to the application, and is none of Redis's doing. */
const ownFaults: readonly Fault[] = [
  {
    name: "a second in which the application's own event loop is blocked",
    isTakenFor: 'nothing',
    bringAbout: async (scene) => {
      await scene.each((_, instance) => instance.ask('block', 1000))
      return done
    },
  },
]

/** Everything that is known to happen. */
export const faults: readonly Fault[] = [...serverFaults, ...wireFaults, ...ownFaults]
