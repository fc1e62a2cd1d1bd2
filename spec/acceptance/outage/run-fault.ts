import { setTimeout as lasting } from 'node:timers/promises'
import type { Stored } from 'holdfast'
import { eventually } from '../../support/eventually'
import type { Closing, Report } from './application/commands'
import { staleIn } from './application/material'
import type { Fault } from './fault'
import type { ForEach, Name, Scene } from './scene'
import { NAMES } from './scene'

/** What came of a fault. */
export interface Outcome {
  reports: ForEach<Report>
  closings: ForEach<Closing | undefined>
  /** Where the changes stand that were made before the fault, and within it. */
  stood: { before: Stored[]; within: Stored[] }
  /** How long after the end of the fault both instances used Redis again. */
  readyAfterMs: number
  /** What was old although the same instance had changed it. */
  staleMeanwhile: string[]
  /** What was old on any instance after the recovery. */
  staleAfterwards: string[]
  /** What the load had changed, and was not right at the end. */
  wrongAtTheEnd: string[]
}

const FORGETTING_IS_NOTICED_WITHIN_MS = 1500
const REVOCATIONS_ARE_HEARD_WITHIN_MS = 300
const RECOVERY_WITHIN_MS = 10_000

/** Brings a fault about under a steady load, changes things before, at once and within, and looks at all of it. */
export async function runFault(fault: Fault, scene: Scene): Promise<Outcome> {
  const isWired = fault.isWired === true
  const hits = fault.hits ?? NAMES
  await scene.open({ isWired })
  await scene.ready()
  await plantAll(scene)
  await scene.each((_, instance) => instance.ask('startLoad'))
  await scene.each((_, instance) => instance.goesOn(200))
  await keepOlderDataset(scene)
  if (fault.isTakenFor === 'forgetting') await everybodyHasAskedForProof(scene)
  const before = await changeAll(scene, 'before')
  if (fault.isAtStart === true) await scene.each((_, instance) => instance.ask('close'))
  else await scene.each((name, instance) => instance.ask('beginLoad', idOf('at-once', name)))

  const begun = performance.now()
  const heal = await fault.bringAbout(scene)
  if (fault.isAtStart === true) {
    await scene.open({ isWired })
    await scene.each((_, instance) => instance.ask('startLoad'))
  }
  const atOnce = await changeAll(scene, 'at-once')
  if (fault.isTakenFor.includes('outage')) await noticed(scene, hits)
  const within = await changeAll(scene, 'within')
  const staleMeanwhile = [...atOnce.stale, ...within.stale]
  await lasting(Math.max(0, (fault.lastsMs ?? 0) - (performance.now() - begun)))
  await scene.each((_, instance) => instance.goesOn(100))

  await heal()
  const healed = performance.now()
  const comesBack = fault.isTakenFor !== 'an outage for life'
  if (comesBack) await scene.ready(RECOVERY_WITHIN_MS)
  const readyAfterMs = performance.now() - healed
  const staleAfterwards = comesBack ? await findStale(scene, fault) : []
  await scene.each((_, instance) => instance.goesOn(200))
  const wrongAtTheEnd = await endLoad(scene, comesBack)
  return {
    reports: await scene.each((_, instance) => instance.ask('report')),
    closings: await scene.each((_, instance) => instance.ask('close')),
    stood: { before: before.stored, within: [...atOnce.stored, ...within.stored] },
    readyAfterMs,
    staleMeanwhile,
    staleAfterwards,
    wrongAtTheEnd,
  }
}

const PHASES = ['before', 'at-once', 'within'] as const
type Phase = (typeof PHASES)[number]

function idOf(phase: Phase, name: Name): string {
  return `${phase}-${name}`
}

/** Makes sure that there is something old, and that either instance would see it. */
async function plantAll(scene: Scene): Promise<void> {
  await scene.each(async (name, instance) => {
    for (const phase of PHASES) await instance.ask('plant', idOf(phase, name))
  })
  await scene.each(async (_, instance) => {
    for (const id of NAMES.flatMap((name) => PHASES.map((phase) => idOf(phase, name)))) {
      await eventually(async () => staleIn(await instance.ask('inspect', id)).length === 5)
    }
  })
}

/** Copies what there is into a file, and into the next database. */
async function keepOlderDataset(scene: Scene): Promise<void> {
  const { server } = scene
  for (const key of (await server.command('KEYS', '*')).split('\n')) {
    await server.command('COPY', key, key, 'DB', '1')
  }
  scene.olderDataset = await server.snapshot()
}

/** Nothing can tell a copy that is younger than the last proof which an instance has had. */
async function everybodyHasAskedForProof({ server }: Scene): Promise<void> {
  const anchors = (await server.command('KEYS', '*:anchor:*')).split('\n')
  const read = async (): Promise<string[]> =>
    Promise.all(anchors.map((anchor) => server.command('GET', anchor)))
  const before = await read()
  await eventually(async () => (await read()).every((value, index) => value !== before[index]))
}

/** Each instance makes its material void, and sees none of it any more. */
async function changeAll(scene: Scene, phase: Phase): Promise<{ stored: Stored[]; stale: string[] }> {
  const stored: Stored[] = []
  const stale: string[] = []
  for (const name of NAMES) {
    await scene.each((_, instance) => instance.ask('publish', idOf(phase, name)))
  }
  await scene.each(async (name, instance) => {
    const id = idOf(phase, name)
    stored.push(...(await instance.ask('change', id)))
    stale.push(...staleIn(await instance.ask('inspect', id)).map((what) => `${id}: ${what}`))
  })
  return { stored, stale }
}

async function noticed(scene: Scene, hits: readonly Name[]): Promise<void> {
  await scene.each((_, instance) => eventually(async () => (await instance.ask('outages')) > 0), hits)
}

/** What is old anywhere. Where nothing told of the loss, there is a while in which it may be noticed. */
async function findStale(scene: Scene, { isTakenFor }: Fault): Promise<string[]> {
  const begun = performance.now()
  for (;;) {
    const stale = await lookForStale(scene)
    const lasted = performance.now() - begun
    if (isTakenFor === 'forgetting' && lasted < FORGETTING_IS_NOTICED_WITHIN_MS && stale.length > 0) continue
    // Of what another process has brought back only now, a copy hears a moment later.
    const isUnheard = stale.length > 0 && stale.every((what) => what.includes(': revoked, '))
    if (!isUnheard || lasted > REVOCATIONS_ARE_HEARD_WITHIN_MS) return stale
  }
}

async function lookForStale(scene: Scene): Promise<string[]> {
  const stale: string[] = []
  await scene.each(async (name, instance) => {
    for (const id of NAMES.flatMap((whose) => PHASES.map((phase) => idOf(phase, whose)))) {
      const names = staleIn(await instance.ask('inspect', id))
      stale.push(...names.map((what) => `${id}: ${what}, on ${name}`))
    }
  })
  return stale
}

/** Ends the load, and compares what it has changed with what either instance has of it. */
async function endLoad(scene: Scene, comesBack: boolean): Promise<string[]> {
  const truths = await scene.each((_, instance) => instance.ask('stopLoad'))
  if (!comesBack) return []
  await scene.ready()
  const truth = Object.entries({ ...truths.a, ...truths.b })
  const wrong: string[] = []
  await scene.each(async (name, instance) => {
    const values = await instance.ask(
      'read',
      truth.map(([key]) => key),
    )
    for (const [index, [key, version]] of truth.entries()) {
      const value = values[index]
      if (value !== undefined && value !== version)
        wrong.push(`${key}: ${JSON.stringify(value)} instead of ${String(version)}, on ${name}`)
    }
  })
  return wrong
}
