import { commands } from './commands'
import type { Ask } from './commands'

/** What the process of an instance runs: it does as it is told over IPC, and answers. */
process.on('message', ({ id, name, args }: Ask) => {
  const command = commands[name] as (...given: unknown[]) => unknown
  Promise.resolve()
    .then(() => command(...args))
    .then(
      (result) => process.send?.({ id, result }),
      (error: unknown) => process.send?.({ id, error: String(error) }),
    )
})

process.on('SIGTERM', () => {
  void commands.terminate()
})
process.send?.('here')
