import { expect } from 'chai'
import { InvalidEnvironmentError, InvalidOptionError } from 'holdfast'
import { connectionFromEnvironment, connectionFromUrlOption } from '../../lib/client/connection-options'
import { RecordingLogger } from '../support/recording-logger'

describe('connectionFromEnvironment', () => {
  it('is undefined where neither REDIS_URL nor REDIS_HOST is set: memory', () => {
    expect(connectionFromEnvironment({})).to.equal(undefined)
    expect(connectionFromEnvironment({ REDIS_PORT: '6380', REDIS_PASSWORD: 'word' })).to.equal(undefined)
  })

  it('takes no more than REDIS_HOST', () => {
    expect(connectionFromEnvironment({ REDIS_HOST: 'cache.local' })).to.deep.equal({
      socket: { host: 'cache.local' },
    })
  })

  it('takes each of its variables', () => {
    const env = {
      REDIS_HOST: 'cache.local',
      REDIS_PORT: '6380',
      REDIS_USERNAME: 'school',
      REDIS_PASSWORD: 'pass word',
      REDIS_DB: '3',
      REDIS_TLS: 'true',
    }
    expect(connectionFromEnvironment(env)).to.deep.equal({
      username: 'school',
      password: 'pass word',
      database: 3,
      socket: { host: 'cache.local', port: 6380, tls: true },
    })
  })

  it('reads the environment of the process where none is given', () => {
    const before = process.env['REDIS_HOST']
    process.env['REDIS_HOST'] = 'from.the.process'
    try {
      expect(connectionFromEnvironment()?.socket).to.include({ host: 'from.the.process' })
    } finally {
      if (before === undefined) delete process.env['REDIS_HOST']
      else process.env['REDIS_HOST'] = before
    }
  })

  for (const name of ['PORT', 'USERNAME', 'PASSWORD', 'DB', 'TLS', 'URL'].map((word) => `REDIS_${word}`)) {
    it(`takes an empty or blank ${name} for unset`, () => {
      for (const blank of ['', ' ', '\t\n']) {
        const connection = connectionFromEnvironment({ REDIS_HOST: 'cache.local', [name]: blank })
        expect(connection).to.deep.equal({ socket: { host: 'cache.local' } })
      }
    })
  }

  it('takes an empty or blank REDIS_HOST for unset', () => {
    expect(connectionFromEnvironment({ REDIS_HOST: ' ' })).to.equal(undefined)
  })

  it('does not count blanks around a value, but in a password', () => {
    const env = {
      REDIS_HOST: ' cache.local\n',
      REDIS_PORT: ' 6380 ',
      REDIS_TLS: ' true',
      REDIS_PASSWORD: ' a b ',
    }
    expect(connectionFromEnvironment(env)).to.deep.equal({
      password: ' a b ',
      socket: { host: 'cache.local', port: 6380, tls: true },
    })
  })

  for (const [text, tls] of [
    ['true', true],
    ['TRUE', true],
    ['1', true],
    ['false', undefined],
    ['0', undefined],
  ] as const) {
    it(`reads REDIS_TLS=${text} as ${tls === true ? 'on' : 'off'}`, () => {
      const socket = { host: 'cache.local', ...(tls === true && { tls }) }
      expect(connectionFromEnvironment({ REDIS_HOST: 'cache.local', REDIS_TLS: text })).to.deep.equal({
        socket,
      })
    })
  }

  describe('with REDIS_URL', () => {
    it('takes everything from it', () => {
      const REDIS_URL = 'rediss://school:p%40ss%20word@cache.local:6380/3'
      expect(connectionFromEnvironment({ REDIS_URL })).to.deep.equal({
        username: 'school',
        password: 'p@ss word',
        database: 3,
        socket: { host: 'cache.local', port: 6380, tls: true },
      })
    })

    it('prefers it to REDIS_HOST and REDIS_PORT, and says so once', () => {
      const logger = new RecordingLogger()
      const env = { REDIS_URL: 'redis://from.url', REDIS_HOST: 'from.host', REDIS_PORT: '6380' }
      expect(connectionFromEnvironment(env, logger)).to.deep.equal({
        socket: { host: 'from.url', port: 6379 },
      })
      expect(logger.lines).to.deep.equal([
        { level: 'info', message: 'REDIS_URL is set: REDIS_HOST is not used' },
      ])
    })

    it('has nothing to say where REDIS_HOST is not set', () => {
      const logger = new RecordingLogger()
      connectionFromEnvironment({ REDIS_URL: 'redis://from.url', REDIS_PORT: '6380' }, logger)
      expect(logger.lines).to.deep.equal([])
    })

    it('lets the other variables fill in what it leaves out', () => {
      const rest = { REDIS_USERNAME: 'school', REDIS_PASSWORD: 'word', REDIS_DB: '3', REDIS_TLS: 'true' }
      expect(connectionFromEnvironment({ REDIS_URL: 'redis://cache.local', ...rest })).to.deep.equal({
        username: 'school',
        password: 'word',
        database: 3,
        socket: { host: 'cache.local', port: 6379, tls: true },
      })
      expect(
        connectionFromEnvironment({ REDIS_URL: 'redis://me:mine@cache.local/0', ...rest }),
      ).to.deep.include({
        username: 'me',
        password: 'mine',
        database: 0,
      })
    })
  })

  const refusals: [name: string, value: string, expected: RegExp][] = [
    ['REDIS_PORT', 'abc', /^REDIS_PORT: expected a whole number from 1 to 65535, got 'abc'$/],
    ['REDIS_PORT', '0', /^REDIS_PORT: expected a whole number from 1 to 65535, got '0'$/],
    ['REDIS_PORT', '65536', /^REDIS_PORT: expected a whole number from 1 to 65535/],
    ['REDIS_PORT', '6379.5', /^REDIS_PORT: expected a whole number/],
    ['REDIS_PORT', '0x18eb', /^REDIS_PORT: expected a whole number/],
    ['REDIS_DB', '-1', /^REDIS_DB: expected a whole number from 0 to 2147483647, got '-1'$/],
    ['REDIS_DB', 'three', /^REDIS_DB: expected a whole number from 0/],
    ['REDIS_TLS', 'yes', /^REDIS_TLS: expected true, false, 1 or 0, got 'yes'$/],
  ]
  for (const [name, value, expected] of refusals) {
    it(`refuses ${name}=${value}, naming the variable, what it expects and what it got`, () => {
      expect(() => connectionFromEnvironment({ REDIS_HOST: 'cache.local', [name]: value }))
        .to.throw(InvalidEnvironmentError, expected)
        .with.property('variable', name)
    })
  }

  it('refuses a bad value also where it would not be needed', () => {
    expect(() => connectionFromEnvironment({ REDIS_PORT: 'abc' })).to.throw(/^REDIS_PORT/)
    expect(() => connectionFromEnvironment({ REDIS_URL: 'redis://cache.local/1', REDIS_DB: '-1' })).to.throw(
      /^REDIS_DB/,
    )
  })

  it('knows where a REDIS_PORT like tcp://10.0.0.11:6379 comes from', () => {
    expect(() =>
      connectionFromEnvironment({ REDIS_HOST: 'redis', REDIS_PORT: 'tcp://10.0.0.11:6379' }),
    ).to.throw(InvalidEnvironmentError, /^REDIS_PORT: expected .*Kubernetes .* enableServiceLinks: false$/)
  })

  for (const url of [
    'secret@cache.local',
    'redis:secret',
    'redis://:secret@cache.local:port',
    'redis://:secret@cache.local:65536',
    'redis://:secret@cache.local:0',
    'redis://:secret@cache.local/three',
    'redis://:secret@cache.local/-1',
    'redis://:secret@cache.local/1/2',
    'redis://:secret@cache.local/99999999999',
    'redis://:secret%@cache.local',
    'redis://:secret%zz@cache.local',
    'redis://:secret%ff@cache.local',
    'http://:secret@cache.local',
    'unix:///tmp/secret.sock',
  ]) {
    it(`refuses REDIS_URL=${url}, naming the variable and not showing the value`, () => {
      expect(() => connectionFromEnvironment({ REDIS_URL: url }))
        .to.throw(
          InvalidEnvironmentError,
          /^REDIS_URL: expected a URL like redis:\/\/user:password@host:6379\/0/,
        )
        .with.property('message')
        .that.does.not.include('secret')
    })
  }
})

describe('connectionFromUrlOption', () => {
  const readings: [string, object][] = [
    ['redis://cache.local', { socket: { host: 'cache.local', port: 6379 } }],
    ['redis://', { socket: { host: 'localhost', port: 6379 } }],
    ['redis://cache.local/', { socket: { host: 'cache.local', port: 6379 } }],
    ['redis://cache.local:6380/0', { database: 0, socket: { host: 'cache.local', port: 6380 } }],
    ['redis://[::1]:6380', { socket: { host: '::1', port: 6380 } }],
    ['redis://:word@cache.local', { password: 'word', socket: { host: 'cache.local', port: 6379 } }],
    ['redis://school@cache.local', { username: 'school', socket: { host: 'cache.local', port: 6379 } }],
    ['rediss://cache.local', { socket: { host: 'cache.local', port: 6379, tls: true } }],
  ]
  for (const [url, connection] of readings) {
    it(`reads ${url}`, () => {
      expect(connectionFromUrlOption('createCache: redis', url)).to.deep.equal(connection)
    })
  }

  it('refuses anything else, naming the option and not showing the value', () => {
    for (const text of [
      '',
      'secret',
      'localhost:6379',
      'http://:secret@cache.local',
      'redis://:secret%zz@cache.local',
    ]) {
      expect(() => connectionFromUrlOption('createCache: redis', text))
        .to.throw(InvalidOptionError, /^createCache: redis: expected a URL like redis:/)
        .with.property('message')
        .that.does.not.include('secret')
    }
  })
})
