import { expect } from 'chai'
import {
  CommandRefusedError,
  CommandTimeoutError,
  HoldfastError,
  InvalidEnvironmentError,
  InvalidKeyError,
  InvalidOptionError,
  InvalidTokenError,
  NotCacheableError,
  RevocationsUnavailableError,
  TokenRevokedError,
  UnverifiedTokenError,
} from 'holdfast'
import { describeCause } from '../lib/errors'

describe('HoldfastError', () => {
  const errors: [HoldfastError, { code: string; name: string; status?: number }][] = [
    [new InvalidOptionError('ttl', 'expected'), { code: 'invalid_option', name: 'InvalidOptionError' }],
    [
      new InvalidEnvironmentError('REDIS_DB', 'expected'),
      { code: 'invalid_environment', name: 'InvalidEnvironmentError' },
    ],
    [new InvalidKeyError('no key'), { code: 'invalid_key', name: 'InvalidKeyError' }],
    [new InvalidTokenError('no token'), { code: 'invalid_token', name: 'InvalidTokenError' }],
    [new NotCacheableError('no promise'), { code: 'not_cacheable', name: 'NotCacheableError' }],
    [
      new UnverifiedTokenError('not verified'),
      { code: 'unverified_token', name: 'UnverifiedTokenError', status: 500 },
    ],
    [new TokenRevokedError(), { code: 'revoked_token', name: 'UnauthorizedError', status: 401 }],
    [
      new RevocationsUnavailableError(),
      { code: 'revocations_unavailable', name: 'RevocationsUnavailableError', status: 503 },
    ],
    [new CommandTimeoutError(100), { code: 'command_timeout', name: 'CommandTimeoutError' }],
    [new CommandRefusedError('OOM'), { code: 'command_refused', name: 'CommandRefusedError' }],
  ]

  for (const [error, facts] of errors) {
    const { code, status } = facts
    it(`is the base of ${error.constructor.name}: ${code}${status ? `, status ${String(status)}` : ''}`, () => {
      expect(error).to.be.instanceOf(HoldfastError).and.instanceOf(Error)
      expect({
        code: error.code,
        name: error.name,
        ...('status' in error && { status: error.status }),
      }).to.deep.equal(facts)
    })
  }

  it('has a code of its own for each condition', () => {
    expect(new Set(errors.map(([error]) => error.code)).size).to.equal(errors.length)
  })

  it('shows its name, its message and where it was thrown in its stack', () => {
    const [first, second] = new InvalidOptionError('ttl', 'expected a number').stack?.split('\n') ?? []
    expect(first).to.equal('InvalidOptionError: ttl: expected a number')
    expect(second).to.include('errors.spec.ts')
  })

  it('carries the cause it was given', () => {
    const cause = new Error('deep down')
    expect(new CommandRefusedError('OOM', { cause }).cause).to.equal(cause)
  })

  it('names the option or the variable, in the message and apart from it', () => {
    const option = new InvalidOptionError('createCache: ttl', 'expected a number')
    expect(option.option).to.equal('createCache: ttl')
    expect(option.message).to.equal('createCache: ttl: expected a number')
    const variable = new InvalidEnvironmentError('REDIS_DB', 'expected a number')
    expect(variable.variable).to.equal('REDIS_DB')
    expect(variable.message).to.equal('REDIS_DB: expected a number')
  })

  it('says how long a command had', () => {
    expect(new CommandTimeoutError(100).message).to.equal('No answer within 100 ms')
  })
})

describe('describeCause', () => {
  it("is an error's message", () => {
    expect(describeCause(new Error('Socket closed'))).to.equal('Socket closed')
  })

  it("is the system's code where the message is empty, and else the name", () => {
    expect(describeCause(Object.assign(new Error(''), { code: 'ECONNREFUSED' }))).to.equal('ECONNREFUSED')
    expect(describeCause(new RangeError(''))).to.equal('RangeError')
  })

  it('is the first of several causes where they have no message of their own', () => {
    const both = new AggregateError([new Error('connect ECONNREFUSED ::1:6379'), new Error('another')])
    expect(describeCause(both)).to.equal('connect ECONNREFUSED ::1:6379')
    expect(describeCause(new AggregateError([new Error('one')], 'all of them'))).to.equal('all of them')
    expect(describeCause(new AggregateError([]))).to.equal('AggregateError')
  })

  it('is the text of what is not an error', () => {
    expect(describeCause('down')).to.equal('down')
    expect(describeCause(undefined)).to.equal('undefined')
  })
})
