import { inspect } from 'node:util'
import type { Call, Effect, History, Value } from './history'
import { describe, name, namesOf, namesThatVoid, storedBy } from './history'

/** What time may not exceed, in milliseconds. */
export interface Limits {
  /** How long a call may take that loads nothing. */
  readonly waitMs: number
  /** How much longer one may that loads: for its own loader, that of a leader elsewhere, and the lease of a dead one. */
  readonly loadMs: number
  /** How long memory may keep a value while Redis is away. */
  readonly maxAgeMs: number
}

/** What in a run is not as `CONSISTENCY.md` has it. */
export function violations(history: History, limits: Limits): string[] {
  return history.calls.flatMap((call) => [...violationsOf(call, history, limits)])
}

function* violationsOf(call: Call, history: History, limits: Limits): Generator<string, void> {
  const at = `${name(call.instance)} #${String(call.id)} ${describe(call.operation)}`
  if (call.ended === undefined || call.endedAt === undefined) {
    yield `${at} never ends`
    return
  }
  if (call.error !== undefined) {
    yield `${at} rejects: ${inspect(call.error)}`
    return
  }
  const took = call.endedAt - call.begunAt
  const mostMs = limits.waitMs + (call.operation.do === 'getOrSet' ? limits.loadMs : 0)
  if (took > mostMs) yield `${at} takes ${String(took)} ms`
  const stored = storedBy(call)
  if (stored === 'redis' && !hasHappened(call, history)) yield `${at} claims 'redis', which never got it`
  if (call.operation.do === 'revoke' && stored === 'none') yield `${at} stands nowhere`
  if (call.operation.do === 'isRevoked') yield* violationsOfCheck(call, history, at)
  if (call.operation.do === 'get' || call.operation.do === 'getOrSet') {
    yield* violationsOfRead(call, history, limits, at)
  }
}

/** Whether the store acknowledged, during a call, what the call says it did. */
function hasHappened(call: Call, { effects }: History): boolean {
  const names = namesOf(call.operation)
  return effects.some(
    (effect) =>
      effect.instance === call.instance &&
      effect.sent > call.begun &&
      (effect.done ?? Infinity) < (call.ended ?? 0) &&
      names.every((needed) => effect.names.includes(needed)) &&
      (call.operation.do !== 'set' || effect.by === call.id),
  )
}

function* violationsOfCheck(check: Call, history: History, at: string): Generator<string> {
  const { operation, instance, begun, ended = 0 } = check
  const revocations = history.calls.filter(
    (call) =>
      call.operation.do === 'revoke' && 'token' in operation && call.operation.token === operation.token,
  )
  if (check.result === true) {
    if (!revocations.some((revocation) => revocation.begun < ended)) yield `${at}: nobody has revoked it`
    return
  }
  for (const revocation of revocations) {
    if ((revocation.ended ?? Infinity) > begun) continue
    if (isKnownTo(instance, revocation, check, history)) yield `${at}: #${String(revocation.id)} is forgotten`
  }
}

function* violationsOfRead(
  read: Call,
  history: History,
  { maxAgeMs }: Limits,
  at: string,
): Generator<string> {
  if (read.result === undefined) return
  const value = read.result as Value
  const source = history.calls[value.by]
  const isWritten =
    source !== undefined &&
    'key' in read.operation &&
    value.key === read.operation.key &&
    value.version === (source.loaded ?? source.versions.get(value.key)) &&
    source.begun < (read.ended ?? 0)
  if (!isWritten) {
    yield `${at} finds what nobody has written: ${JSON.stringify(value)}`
    return
  }

  for (const change of history.calls) {
    const isNewer = (change.versions.get(value.key) ?? 0) > value.version
    if (!isNewer || (change.ended ?? Infinity) > read.begun || isOvertaken(change, history)) continue
    if (!isKnownTo(read.instance, change, read, history)) continue
    if (isExcused({ source, change, read, key: value.key }, history)) continue
    yield `${at} finds ${value.key}${String(value.version)} of #${String(value.by)}, which #${String(change.id)} has made void`
  }

  const isAway = history.isThroughout(
    read.instance,
    read.begun,
    read.ended ?? 0,
    (state) => state !== 'ready',
  )
  if (!isAway || read.operation.do !== 'get') return
  if (source.instance !== read.instance) yield `${at} finds in memory what another instance wrote`
  const age = read.begunAt - (source.endedAt ?? source.begunAt)
  if (age > maxAgeMs) yield `${at} finds in memory what is ${String(age)} ms old`
}

/** Whether an instance must know of a change when it reads. */
function isKnownTo(instance: number, change: Call, read: Call, history: History): boolean {
  if (change.instance === instance || read.isQuiet) return true
  const isLost = history.losses.some(({ moment }) => moment > change.begun && moment < (read.ended ?? 0))
  const isReady = history.isThroughout(instance, read.begun, read.ended ?? 0, (state) => state === 'ready')
  return storedBy(change) === 'redis' && isReady && !isLost
}

/** A `set` that gave way to a later change of the key before it was done. */
function isOvertaken(change: Call, { calls }: History): boolean {
  if (change.operation.do !== 'set' || change.result !== 'none') return false
  return calls.some(
    (later) =>
      later.instance === change.instance &&
      later.begun > change.begun &&
      later.begun < (change.ended ?? 0) &&
      [...change.versions.keys()].some((key) => later.versions.has(key)),
  )
}

interface Finding {
  /** What wrote the value that was found. */
  readonly source: Call
  /** What should have made it void. */
  readonly change: Call
  readonly read: Call
  readonly key: string
}

/** What is documented not to be promised. */
function isExcused(finding: Finding, history: History): boolean {
  return isUnnoticedYet(finding.read, history) || isJoined(finding) || isRace(finding, history)
}

/** The store went back in time without losing its connections: that shows within a beat of the heart. */
function isUnnoticedYet({ instance, begun, ended = 0 }: Call, { losses, states }: History): boolean {
  return losses.some(({ moment, isNoticed }) => {
    if (isNoticed || moment > ended) return false
    const changes = states[instance] ?? []
    const noticed = changes.find((change) => change.to === 'recovering' && change.moment > moment)
    const ready = changes.find(
      (change) => change.to === 'ready' && change.moment > (noticed?.moment ?? Infinity),
    )
    return begun < (ready?.moment ?? Infinity)
  })
}

/** Who joins a load or write under way gets what it gives, whatever another instance changes meanwhile. */
function isJoined({ source, change, read }: Finding): boolean {
  const isUnderWay = source.begun < read.begun && (source.ended ?? Infinity) > read.begun
  return source.instance === read.instance && change.instance !== read.instance && isUnderWay
}

/**
 * A load or write in one instance and a change of the key in another: the later one stays. Against tags and
 * `clear` a load loses also then.
 */
function isRace({ source, change, read, key }: Finding, { effects }: History): boolean {
  if (source.instance === change.instance) return false
  const isByKey = change.operation.do === 'set' || change.operation.do === 'delete'
  if (source.loaded !== undefined && !isByKey) return false
  const names = namesThatVoid(key)
  const voiding = effects.filter(
    (effect) =>
      effect.instance === change.instance &&
      effect.sent > change.begun &&
      (effect.done ?? Infinity) < read.begun &&
      effect.names.some((each) => names.includes(each)),
  )
  if (voiding.length === 0) return false
  const last = Math.max(...voiding.map(({ sent }) => sent))
  return effects.some((effect) => effect.by === source.id && latest(effect) > last)
}

/** When a command can have been carried out at the latest. */
function latest({ done, over }: Effect): number {
  return done ?? over ?? Infinity
}
