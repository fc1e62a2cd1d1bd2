import { isIPv6 } from 'node:net'
import type { RedisClientOptions } from 'redis'
import { describeValue } from '../check-options'
import { InvalidEnvironmentError, InvalidOptionError } from '../errors'
import type { Logger } from '../logger'

type Connection = Pick<RedisClientOptions, 'username' | 'password' | 'database'> & { socket: { tls?: true } }
type Environment = Readonly<Record<string, string | undefined>>

const PORT_HINT =
  'Kubernetes sets REDIS_PORT for a Service called redis: unset it or set enableServiceLinks: false'

/**
 * How to reach Redis, as the environment says: `REDIS_URL`, or `REDIS_HOST`, `REDIS_PORT`, `REDIS_USERNAME`,
 * `REDIS_PASSWORD`, `REDIS_DB`, `REDIS_TLS`. What is empty or blank is unset, and blanks around
 * a value don't count, but in a password. `undefined` where neither
 * `REDIS_URL` nor `REDIS_HOST` is set: memory.
 *
 * `REDIS_URL` wins over `REDIS_HOST` and `REDIS_PORT`; the others fill in what the URL leaves out.
 *
 * @throws {InvalidEnvironmentError} naming the variable that cannot be used, also where it would not be needed.
 */
export function connectionFromEnvironment(
  env: Environment = process.env,
  logger?: Logger,
): RedisClientOptions | undefined {
  const url = readUrl(env)
  const host = readHost(env)
  const port = readNumber(env, 'REDIS_PORT', { min: 1, max: 65_535, hint: PORT_HINT })
  const database = readNumber(env, 'REDIS_DB', { min: 0, max: 2 ** 31 - 1 })
  const username = read(env, 'REDIS_USERNAME')
  const password = read(env, 'REDIS_PASSWORD') && env['REDIS_PASSWORD']
  const tls = readFlag(env, 'REDIS_TLS')
  if (url === undefined && host === undefined) return undefined
  if (url !== undefined && host !== undefined) logger?.info('REDIS_URL is set: REDIS_HOST is not used')

  const fromUrl: Connection = url === undefined ? { socket: {} } : connectionFromUrl(url)
  return withoutUndefined({
    username: fromUrl.username ?? username,
    password: fromUrl.password ?? password,
    database: fromUrl.database ?? database,
    socket: withoutUndefined({
      host,
      port,
      ...fromUrl.socket,
      tls: fromUrl.socket.tls ?? (tls === true ? true : undefined),
    }),
  }) as RedisClientOptions
}

/**
 * How to reach Redis, as a URL says: `redis://user:password@host:port/db`, or `rediss://` for TLS.
 *
 * @throws {InvalidOptionError} for anything else. The URL is not shown: it may hold a password.
 */
export function connectionFromUrlOption(option: string, text: string): RedisClientOptions {
  const url = parseUrl(text)
  if (url === undefined) {
    throw new InvalidOptionError(
      option,
      'expected a URL like redis://user:password@host:6379/0, or rediss:// for TLS',
    )
  }
  return connectionFromUrl(url)
}

function connectionFromUrl(url: URL): Connection {
  return withoutUndefined({
    username: decodeURIComponent(url.username) || undefined,
    password: decodeURIComponent(url.password) || undefined,
    database: url.pathname.length > 1 ? Number(url.pathname.slice(1)) : undefined,
    socket: withoutUndefined({
      host: url.hostname.replace(/^\[|\]$/g, '') || 'localhost',
      port: url.port === '' ? 6379 : Number(url.port),
      tls: url.protocol === 'rediss:' || undefined,
    }),
  }) as Connection
}

function parseUrl(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  const isRedis = url.protocol === 'redis:' || url.protocol === 'rediss:'
  const isUsable =
    /^(\/\d{0,9})?$/.test(url.pathname + url.search + url.hash) &&
    url.port !== '0' &&
    isDecodable(url.username) &&
    isDecodable(url.password)
  return isRedis && isUsable ? url : undefined
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

function readUrl(env: Environment): URL | undefined {
  const text = read(env, 'REDIS_URL')
  if (text === undefined) return undefined
  const url = parseUrl(text)
  if (url !== undefined) return url
  throw new InvalidEnvironmentError(
    'REDIS_URL',
    'expected a URL like redis://user:password@host:6379/0, or rediss:// for TLS (its value is not shown: it may hold a password)',
  )
}

function read(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim()
  return value === '' ? undefined : value
}

function readHost(env: Environment): string | undefined {
  const host = read(env, 'REDIS_HOST')
  if (host === undefined || isIPv6(host) || !/[:/@]/.test(host)) return host
  throw new InvalidEnvironmentError(
    'REDIS_HOST',
    'expected the name or address of a host alone: the port belongs in REDIS_PORT, and a URL in REDIS_URL',
  )
}

function readNumber(
  env: Environment,
  name: string,
  { min, max, hint }: { min: number; max: number; hint?: string },
): number | undefined {
  const text = read(env, name)
  if (text === undefined) return undefined
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (number >= min && number <= max) return number
  const expected = `expected a whole number from ${String(min)} to ${String(max)}, got ${describeValue(text)}`
  throw new InvalidEnvironmentError(
    name,
    hint !== undefined && text.includes('://') ? `${expected}. ${hint}` : expected,
  )
}

function readFlag(env: Environment, name: string): boolean | undefined {
  const text = read(env, name)?.toLowerCase()
  if (text === undefined) return undefined
  if (text === 'true' || text === '1') return true
  if (text === 'false' || text === '0') return false
  throw new InvalidEnvironmentError(name, `expected true, false, 1 or 0, got ${describeValue(text)}`)
}

function withoutUndefined<Value extends object>(value: Value): Partial<Value> {
  return Object.fromEntries(
    Object.entries(value).filter(([, member]) => member !== undefined),
  ) as Partial<Value>
}
