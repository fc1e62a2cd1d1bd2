import type { Database as SqlDatabase, SqlValue, Statement } from 'sql.js'
import { setImmediate as nextTurn } from 'node:timers/promises'

/** What a database has done since it was opened. */
export interface Work {
  /** Statements run. */
  readonly queries: number
  /**
   * Rows that went into the answers, counted by SQLite itself: an aggregate says how many rows it read in a
   * column `rowsRead` (its own `count(*)`), any other statement has read at least the rows it returned. Rows
   * that were only looked up by a join, or looked at and left out, are not counted: the true cost is never less.
   */
  readonly rowsRead: number
}

/** sql.js as a service sees a database: prepared statements, promises, and a count of the work done. */
export class Database {
  readonly #sql: SqlDatabase
  readonly #statements = new Map<string, Statement>()
  #queries = 0
  #rowsRead = 0

  /** @param sql an open sql.js database, which this object closes */
  constructor(sql: SqlDatabase) {
    this.#sql = sql
  }

  /** What has been done so far; subtract two of these to measure something. */
  get work(): Work {
    return { queries: this.#queries, rowsRead: this.#rowsRead }
  }

  /**
   * All rows of a statement, without the column `rowsRead`. Like a database behind a network it answers on a
   * later turn of the event loop, so that requests really do overlap.
   */
  async all<Row extends object>(sql: string, ...params: SqlValue[]): Promise<Row[]> {
    await nextTurn()
    this.#queries += 1
    const statement = this.#prepared(sql)
    statement.bind(params)
    const rows: Row[] = []
    while (statement.step()) {
      const { rowsRead, ...row } = statement.getAsObject()
      this.#rowsRead += typeof rowsRead === 'number' ? rowsRead : 1
      // The statement and the type of its rows are written side by side by the caller.
      rows.push(row as Row)
    }
    statement.reset()
    return rows
  }

  /** The first row of a statement, or `undefined`. */
  async first<Row extends object>(sql: string, ...params: SqlValue[]): Promise<Row | undefined> {
    const [row] = await this.all<Row>(sql, ...params)
    return row
  }

  /**
   * The one row of a statement that always has one, such as an aggregate.
   *
   * @throws Error when there is none
   */
  async one<Row extends object>(sql: string, ...params: SqlValue[]): Promise<Row> {
    const row = await this.first<Row>(sql, ...params)
    if (row === undefined) throw new Error(`Expected a row, got none from: ${sql}`)
    return row
  }

  /** Frees everything. */
  close(): void {
    for (const statement of this.#statements.values()) statement.free()
    this.#statements.clear()
    this.#sql.close()
  }

  #prepared(sql: string): Statement {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#sql.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }
}
