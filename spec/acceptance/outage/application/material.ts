import type { Stored } from 'holdfast'
import type { Application } from './application'

/** What there is to see of a piece of {@link plant}ed material: what is in the cache, what the routes send. */
export interface Inspection {
  deleted: unknown
  written: unknown
  doubted: unknown
  tagged: unknown
  report: string
  revoked: string
}

/** Whose token reads reports and is never revoked. */
const READER = 'reader'

/** Puts an old value into every place that {@link change} makes void. */
export async function plant(app: Application, id: string): Promise<Stored[]> {
  app.database.put(`report:${id}`, 'old')
  await app.get(`/reports/${id}`, READER)
  await app.get(`/reports/${id}`, id)
  return Promise.all([
    app.cache.set(`${id}:deleted`, 'old', '1h'),
    app.cache.set(`${id}:written`, 'old', '1h'),
    app.cache.set(`${id}:tagged`, 'old', '1h', { tags: [`report:${id}`] }),
  ])
}

/** Loads that have read what is old, and are not done with it. */
const loads = new Map<string, { end: () => void; loaded: Promise<string> }>()

/** Begins to load an old value, which will be on its way to Redis when {@link change} makes it void. */
export function beginLoad({ cache }: Application, id: string): void {
  let end: () => void = () => undefined
  const ended = new Promise<string>((resolve) => {
    end = () => {
      resolve('old')
    }
  })
  loads.set(id, { end, loaded: cache.getOrSet(`${id}:doubted`, () => ended, '1h') })
}

async function overtake({ cache }: Application, id: string): Promise<Stored> {
  const load = loads.get(id)
  loads.delete(id)
  load?.end()
  await load?.loaded
  await cache.set(`${id}:doubted`, 'old', '1h')
  return cache.delete(`${id}:doubted`)
}

/** Makes all of it void, in every way there is. The database has the new row by then, in every process. */
export async function change(app: Application, id: string): Promise<Stored[]> {
  return Promise.all([
    overtake(app, id),
    app.cache.delete(`${id}:deleted`),
    app.cache.set(`${id}:written`, 'new', '1h'),
    app.cache.invalidateTags(`report:${id}`),
    app.revoke(id),
  ])
}

/** What there is to see of it now. */
export async function inspect(app: Application, id: string): Promise<Inspection> {
  const [deleted, written, doubted, tagged, report, revoked] = await Promise.all([
    app.cache.get(`${id}:deleted`),
    app.cache.get(`${id}:written`),
    app.cache.get(`${id}:doubted`),
    app.cache.get(`${id}:tagged`),
    app.get(`/reports/${id}`, READER),
    app.get(`/reports/${id}`, id),
  ])
  return { deleted, written, doubted, tagged, report, revoked }
}

/** What of it is out of date after a {@link change}. */
export function staleIn({ deleted, written, doubted, tagged, report, revoked }: Inspection): string[] {
  return Object.entries({
    deleted: deleted !== undefined,
    written: written !== undefined && written !== 'new',
    doubted: doubted !== undefined,
    tagged: tagged !== undefined,
    report: report !== 'new',
    revoked: revoked !== '401',
  })
    .filter(([, isStale]) => isStale)
    .map(([name]) => name)
}
