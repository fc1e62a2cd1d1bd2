const { reporters, Runner } = require('mocha')

const GRACE_MS = 10_000

/** Mocha's own report, closed by the line that CI counts: `N passed, N failed`. */
module.exports = class Reporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options)
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats
      const skipped = pending > 0 ? `, ${String(pending)} skipped` : ''
      reporters.Base.consoleLog(`${String(passes)} passed, ${String(failures)} failed${skipped}`)
      setTimeout(failForRunningOn, GRACE_MS).unref()
    })
  }
}

/** A spec that leaves something running fails the run, rather than hang it. */
function failForRunningOn() {
  console.error(`Still running after the specs: ${process.getActiveResourcesInfo().join(', ')}`)
  // After mocha's own listener, which sets what it counted.
  process.on('exit', () => {
    process.exitCode = 1
  })
  process.exit()
}
