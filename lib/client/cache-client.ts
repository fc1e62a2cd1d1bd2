/**
 * The port: what holdfast needs of a store of its own choosing, Redis or another. Keys are strings, values
 * are bytes that mean nothing to the client, times are whole milliseconds.
 *
 * A method rejects with a {@link CommandRefusedError} where the store is in order and only this command was
 * refused; any other rejection says that the store cannot be used for now, and holdfast falls back to memory
 * and reconnects. A client need not retry, queue or limit waiting: its caller does, and calls `disconnect()` on
 * what takes too long.
 * `clientContract` in `holdfast/testing` checks what can be seen from outside.
 */
export interface CacheClient {
  /**
   * Opens the connection, once per call; may be called again after a loss. Makes sure that nothing which was sent
   * over an earlier connection can still be carried out. Rejects when it can't, and when it is disconnected meanwhile.
   */
  connect(): Promise<void>

  /** Drops the connection at once. Whatever is in flight rejects. Does nothing when there is none. */
  disconnect(): void

  /** Lets what is in flight finish, then ends the connection for good. */
  close(): Promise<void>

  /** Names the one who is told when an established connection is lost. */
  onDisconnect(listener: (cause: Error) => void): void

  /** Resolves when the store takes reads and writes. */
  ping(): Promise<void>

  /** The values under these keys, in their order; `undefined` where there is none. */
  getMany(keys: readonly string[]): Promise<(Buffer | undefined)[]>

  /**
   * The first bytes of the value under a key, and how many it has in all; `undefined` where there is none. Atomic. A
   * client without it has whole values fetched by `has`.
   */
  head?(key: string, bytes: number): Promise<{ readonly bytes: Buffer; readonly length: number } | undefined>

  /** How many milliseconds the value under a key has yet; 0 where there is none, `Infinity` where it has no end. */
  timeLeft(key: string): Promise<number>

  /** Puts a value under a key, in place of whatever is there, for this long. Whoever holds the key's lease loses it. */
  set(key: string, value: Buffer, ttlMs: number): Promise<void>

  /** Takes these keys away, and their leases. Those that are not there do not matter. */
  delete(keys: readonly string[]): Promise<void>

  /**
   * Takes the lease of a key, the right to store what is being made for it, or prolongs one's own. Atomic. Others may
   * take it after `ttlMs`; whatever is done to the key meanwhile ends it. As long as neither has happened, who has it
   * may go on to use it, if the store can tell.
   *
   * @returns 0 where the lease is under this token now; else for how many milliseconds it is under another, 1 or more.
   */
  lease(key: string, token: string, ttlMs: number): Promise<number>

  /**
   * Reads keys as `getMany` does, and where the first of them has no value takes its lease as `lease` does. Nothing can
   * be stored in between: what is read is what was there when the lease was taken, or later.
   */
  claim(keys: readonly [string, ...string[]], token: string, ttlMs: number): Promise<KeyClaim>

  /**
   * Prolongs leases that are still under their token, and does not take any.
   *
   * @returns for each, whether it is still held.
   */
  keepLeases(leases: readonly Lease[], ttlMs: number): Promise<boolean[]>

  /** Puts a value under a key if its lease is still under this token; the lease is over then. Atomic. @returns whether it was. */
  setLeased(
    key: string,
    value: Buffer,
    lease: { readonly token: string; readonly ttlMs: number },
  ): Promise<boolean>

  /** Ends a lease that is still under this token; no other. */
  release(lease: Lease): Promise<void>

  /**
   * Names the one who is told, for as long as the client lives, that a key which was read or whose lease was asked
   * for over this connection may have changed: `undefined` for any. A lease's end is told under its key. It is a hint:
   * it may come late, twice, or for nothing, and not at all where a store has no such thing.
   */
  onChange?(listener: (key: string | undefined) => void): void

  /**
   * Whether the listener is told of changes now. Who waits for one asks again and again where it isn't, and nothing
   * that this store has is kept in process.
   */
  tellsChanges?(): boolean

  /**
   * Advances a counter, by one or more, and writes the new count under each of the stamps, atomically. A count reads
   * `<epoch>.<number>`, below 2^53: the epoch is a random word of letters, digits, `-` and `_`, chosen anew whenever the
   * counter is not there, so that counts from before a loss never compare with those after it. None of them has less
   * than `ttlMs` left afterwards, nor less than it had.
   */
  stamp(counter: string, stamps: readonly string[], ttlMs: number): Promise<void>

  /**
   * The count as it stands, begun where there is none; stamps that are missing, or of another epoch, are given
   * it, the others keep theirs. Atomic. None of them has less than `ttlMs` left afterwards.
   */
  ensureStamps(counter: string, stamps: readonly string[], ttlMs: number): Promise<string>

  /**
   * Keeps the greatest number that was ever given for a key, written in decimal, with its fraction if it has one, and
   * the longest lifetime. Atomic, and indifferent to order and repetition.
   */
  raise(key: string, value: number, ttlMs: number): Promise<void>

  /**
   * Appends entries to a log, in their order, and raises the number under the key beside each, in one step. Entries
   * that are older than `keepMs` may go then, and the log itself when nothing has been appended for as long.
   *
   * A client that has no logs leaves this and `readLog` out: revocations are then looked up one by one, by key.
   */
  appendLog?(log: string, entries: readonly LogEntry[], keepMs: number): Promise<void>

  /**
   * The entries of a log from this id on, that one included, in their order and so many at most; from the first one on
   * for `''`. Whoever has read a log is told by `onChange` that it has changed, under the log's name.
   */
  readLog?(log: string, from: string, count: number): Promise<LogRecord[]>

  /** How many keys the store holds, those of others included. */
  size(): Promise<number>

  /** What the store says of itself, for operators to read. */
  info?(): Promise<string>

  /** How many connections the store has, those of others included. */
  connections?(): Promise<number>

  /** How many bytes have arrived over the present connection: a long answer under way is no silence. */
  bytesReceived?(): number | undefined
}

/** What came of {@link CacheClient.claim}. */
export interface KeyClaim {
  readonly values: (Buffer | undefined)[]
  /** As `lease` answers; `undefined` where there was no need of it. */
  readonly waitMs: number | undefined
}

/** Who may store a value under a key. */
export interface Lease {
  readonly key: string
  readonly token: string
}

/** What is appended to a log. */
export interface LogEntry {
  /** What the log says. */
  readonly bytes: Buffer
  /** What is raised beside it, as {@link CacheClient.raise} does. */
  readonly key: string
  readonly value: number
  readonly ttlMs: number
}

/** What a log has. */
export interface LogRecord {
  /**
   * `<milliseconds since 1970>-<number>`, by the store's clock. Each is greater than the one before. It may be made only
   * when it is asked for: take it by its name, a copy by spreading may lack it.
   */
  readonly id: string
  readonly bytes: Buffer
}
