import type { Database, Work } from '../database/database'

/** Runs something and says what it made the database do. */
export async function measure<Result>(
  db: Database,
  run: () => Promise<Result>,
): Promise<Work & { readonly result: Result }> {
  const before = db.work
  const result = await run()
  const { queries, rowsRead } = db.work
  return { result, queries: queries - before.queries, rowsRead: rowsRead - before.rowsRead }
}
