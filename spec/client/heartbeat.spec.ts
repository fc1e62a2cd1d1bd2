import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect } from 'chai'
import sinon from 'sinon'
import { Heartbeat } from '../../lib/client/heartbeat'

describe('Heartbeat', () => {
  describe('by the clock', () => {
    let clock: sinon.SinonFakeTimers
    let beats: number
    let finish: () => void
    let heartbeat: Heartbeat

    beforeEach(() => {
      clock = sinon.useFakeTimers()
      beats = 0
    })

    afterEach(() => {
      heartbeat.stop()
      clock.restore()
    })

    function start(isLong = false): void {
      heartbeat = new Heartbeat(() => {
        beats += 1
        return isLong ? new Promise((resolve) => (finish = resolve)) : Promise.resolve()
      })
    }

    it('beats twice a second, for the first time after half of one', async () => {
      start()
      await clock.tickAsync(499)
      expect(beats).to.equal(0)
      await clock.tickAsync(1)
      expect(beats).to.equal(1)
      await clock.tickAsync(5000)
      expect(beats).to.equal(11)
    })

    it('does not beat again before it is done', async () => {
      start(true)
      await clock.tickAsync(5000)
      expect(beats).to.equal(1)
      finish()
      await clock.tickAsync(500)
      expect(beats).to.equal(2)
    })

    it('beats no more once it is stopped, in the midst of a beat or not', async () => {
      start(true)
      await clock.tickAsync(500)
      heartbeat.stop()
      finish()
      await clock.tickAsync(5000)
      expect(beats).to.equal(1)
      expect(clock.countTimers()).to.equal(0)
    })
  })

  it('does not keep the process alive', async () => {
    const program = `
      import heartbeat from './lib/client/heartbeat.ts'
      new heartbeat.Heartbeat(() => Promise.resolve())
    `
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program], {
      cwd: join(__dirname, '..', '..'),
      stdio: 'inherit',
      timeout: 8000,
      killSignal: 'SIGKILL',
    })
    expect(await once(child, 'close')).to.deep.equal([0, null])
  })
})
