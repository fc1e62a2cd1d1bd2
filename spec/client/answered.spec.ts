import { expect } from 'chai'
import { CommandRefusedError } from 'holdfast'
import { ErrorReply } from 'redis'
import { answered } from '../../lib/client/answered'
import { rejection } from '../support/rejection'

/** As servers say it. */
const UNUSABLE = [
  'LOADING Redis is loading the dataset in memory',
  "READONLY You can't write against a read only replica.",
  "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
  'CLUSTERDOWN The cluster is down',
  'TRYAGAIN Multiple keys request during rehashing of slot',
  'NOREPLICAS Not enough good replicas to write.',
  'MISCONF Redis is configured to save RDB snapshots, but is currently unable to persist to disk.',
  'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
  'NOAUTH Authentication required.',
  'WRONGPASS invalid username-password pair or user is disabled.',
  "OOM command not allowed when used memory > 'maxmemory'.",
  "CROSSSLOT Keys in request don't hash to the same slot",
  'MOVED 3999 127.0.0.1:6381',
  'ASK 3999 127.0.0.1:6381',
]

describe('answered', () => {
  const failure = (message: string) => rejection(answered(Promise.reject(new ErrorReply(message))))

  it('gives what the server replies', async () => {
    expect(await answered(Promise.resolve('reply'))).to.equal('reply')
  })

  for (const message of UNUSABLE) {
    it(`takes ${message.split(' ', 1).join()} for a server that cannot serve`, async () => {
      const error = await failure(message)
      expect(error).to.be.instanceOf(Error).and.not.instanceOf(CommandRefusedError)
      expect(error).to.have.property('message', message)
    })
  }

  for (const message of [
    'WRONGTYPE Operation against a key holding the wrong kind of value',
    "NOPERM this user has no permissions to run the 'set' command",
    'ERR syntax error',
  ]) {
    it(`takes ${message.split(' ', 1).join()} for a refusal of this command`, async () => {
      expect(await failure(message))
        .to.be.instanceOf(CommandRefusedError)
        .and.have.property('message', message)
    })
  }

  it('leaves out in which script it was, which would make a new cause of each', async () => {
    const message = "OOM command not allowed when used memory > 'maxmemory'."
    const error = await failure(`${message} script: 0123abcd, on @user_script:1.`)
    expect(error).to.have.property('message', message)
  })

  it('lets what is no reply through as it is', async () => {
    const closed = new Error('Socket closed unexpectedly')
    expect(await rejection(answered(Promise.reject(closed)))).to.equal(closed)
  })
})
