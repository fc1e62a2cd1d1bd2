import type { Database as SqlDatabase, SqlValue, Statement } from 'sql.js'

/** Inserts rows many to a statement: three times as quick as one by one. Call {@link finish} at the end. */
export class BulkInsert {
  static readonly #ROWS_PER_STATEMENT = 64

  readonly #db: SqlDatabase
  readonly #table: string
  readonly #columns: number
  readonly #full: Statement
  #values: SqlValue[] = []

  /** @param columns how many columns the table has; every row gives a value for each */
  constructor(db: SqlDatabase, table: string, columns: number) {
    this.#db = db
    this.#table = table
    this.#columns = columns
    this.#full = db.prepare(this.#sql(BulkInsert.#ROWS_PER_STATEMENT))
  }

  /** Adds one row; it is in the table after the next full batch, or after {@link finish}. */
  add(...row: SqlValue[]): void {
    this.#values.push(...row)
    if (this.#values.length < this.#columns * BulkInsert.#ROWS_PER_STATEMENT) return
    this.#full.run(this.#values)
    this.#values = []
  }

  /** Inserts the rows left over and frees the statement. */
  finish(): void {
    if (this.#values.length > 0) this.#db.run(this.#sql(this.#values.length / this.#columns), this.#values)
    this.#values = []
    this.#full.free()
  }

  #sql(rows: number): string {
    const row = `(${Array(this.#columns).fill('?').join(', ')})`
    return `INSERT INTO ${this.#table} VALUES ${Array(rows).fill(row).join(', ')}`
  }
}
