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

  /** Puts a value under a key, in place of whatever is there, for this long. */
  set(key: string, value: Buffer, ttlMs: number): Promise<void>

  /** Takes these keys away. Those that are not there do not matter. */
  delete(keys: readonly string[]): Promise<void>

  /**
   * Advances a counter, by one or more, and writes the new count under each of the stamps, atomically. A count reads
   * `<epoch>.<number>`, below 2^53: the epoch is a random word of letters, digits, `-` and `_`, chosen anew whenever the
   * counter is not there, so that counts from before a loss never compare with those after it.
   */
  stamp(counter: string, stamps: readonly string[], ttlMs: number): Promise<void>

  /**
   * The count as it stands, begun where there is none; stamps that are missing, or of another epoch, are given
   * it, the others keep theirs. Atomic. None of them has less than `ttlMs` left afterwards.
   */
  ensureStamps(counter: string, stamps: readonly string[], ttlMs: number): Promise<string>

  /**
   * Keeps the greatest number that was ever given for a key, written in decimal, and the longest lifetime.
   * Atomic, and indifferent to order and repetition.
   */
  raise(key: string, value: number, ttlMs: number): Promise<void>

  /** How many keys the store holds, those of others included. */
  size(): Promise<number>

  /** What the store says of itself, for operators to read. */
  info?(): Promise<string>

  /** How many connections the store has, those of others included. */
  connections?(): Promise<number>

  /** How many bytes have arrived over the present connection: a long answer under way is no silence. */
  bytesReceived?(): number | undefined
}
