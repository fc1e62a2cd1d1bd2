import { setTimeout as pause } from 'node:timers/promises'
import { correct, planCorrection, seenScore } from '../correction'
import type { Correction } from '../correction'
import { count, milliseconds } from '../format'
import { healthOf, untilHealth } from '../health'
import { Load } from '../load'
import type { SharedStage } from '../stage'

/** What has happened at instance A while Redis was away. */
export interface Aftermath {
  /** A parent's token, revoked. */
  readonly revoked: string
  /** The token of the student whose grade was changed. */
  readonly student: string
  readonly correction: Correction
}

const LOAD_BEFORE_MS = 250
const LOAD_AFTER_MS = 500

/** Redis is killed under load; then a token is revoked and a grade changed at one of the instances. */
export async function outage(stage: SharedStage): Promise<Aftermath> {
  const { narrator, a, b } = stage
  narrator.chapter('Redis is killed')
  const student = await a.client.logIn('student@northgate.example')
  const teacher = await a.client.logIn('teacher@northgate.example')
  const revoked = await a.client.logIn('parent@northgate.example')

  await killUnderLoad(stage, student)

  narrator.say('Meanwhile, at A, a parent logs out and a teacher corrects a grade.')
  const correction = await planCorrection(a.client, student)
  await b.client.dashboard(student)
  const logout = await a.client.send('/logout', { method: 'POST', token: revoked })
  const change = await correct(a.client, correction, teacher)
  narrator.claim('A does both, without Redis: 204 and 200.', [logout.status, change.status], [204, 200])

  const { gradeId, from, to } = correction
  const atA = [(await a.client.dashboard(revoked)).status, await seenScore(a.client, student, gradeId)]
  narrator.claim(`A refuses the token and shows the new score, ${String(to)}.`, atA, [401, to])
  const atB = [(await b.client.dashboard(revoked)).status, await seenScore(b.client, student, gradeId)]
  narrator.claim(`B can't know yet: it takes the token, and shows ${String(from)}.`, atB, [200, from])
  return { revoked, student, correction }
}

async function killUnderLoad({ narrator, redis, a, b }: SharedStage, student: string): Promise<void> {
  const admin = await a.client.logIn('admin@northgate.example')
  for (const token of [student, admin]) await Promise.all([a, b].map(({ client }) => client.dashboard(token)))
  const loads = [a, b].map(
    ({ client }) => new Load([() => client.dashboard(student), () => client.dashboard(admin)]),
  )
  await pause(LOAD_BEFORE_MS)
  await redis.kill()
  await untilHealth('degraded', a, b)
  await pause(LOAD_AFTER_MS)
  const reports = await Promise.all(loads.map((load) => load.stop()))

  narrator.say('kill -9, in the middle of requests to both instances:')
  for (const [index, { requests, slowestMs }] of reports.entries()) {
    narrator.row(
      'AB'.charAt(index),
      `${count(requests).padStart(5)} requests`,
      `the slowest took ${milliseconds(slowestMs)}`,
    )
  }
  const failures = reports.flatMap((report) => report.failures)
  narrator.claim('Not one of them failed.', failures, [])
  const slowestMs = Math.max(...reports.map((report) => report.slowestMs))
  narrator.claimBetween('Not one of them hung.', slowestMs, [0, 5000])
  const health = [await healthOf(a), await healthOf(b)]
  narrator.claim('/health says that both are degraded, and serving.', health, ['degraded', 'degraded'])
}
