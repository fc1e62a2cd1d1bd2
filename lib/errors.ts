/** What a {@link HoldfastError} is about, in one word. Each has a heading in `docs/reference/errors.md`. */
export type HoldfastErrorCode =
  | 'invalid_option'
  | 'invalid_environment'
  | 'invalid_key'
  | 'invalid_token'
  | 'not_cacheable'
  | 'unverified_token'
  | 'revoked_token'
  | 'credentials_required'
  | 'rejected_token'
  | 'ambiguous_token'
  | 'revocations_unavailable'
  | 'loader_timeout'
  | 'command_timeout'
  | 'command_refused'

/** The base of every error that holdfast itself makes. Tell them apart by {@link HoldfastError.code}. */
export abstract class HoldfastError extends Error {
  /** What went wrong: stable across versions, unlike the message. */
  abstract readonly code: HoldfastErrorCode

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
  }
}

/** An option or an argument is unknown, missing or out of range. Thrown at construction, never by a later request. */
export class InvalidOptionError extends HoldfastError {
  readonly code = 'invalid_option'

  constructor(
    /** The option's name, with its owner: `createCache: commandTimeout`. */
    readonly option: string,
    expected: string,
  ) {
    super(`${option}: ${expected}`)
  }
}

/** An environment variable has a value that cannot be used. */
export class InvalidEnvironmentError extends HoldfastError {
  readonly code = 'invalid_environment'

  constructor(
    /** The variable's name. */
    readonly variable: string,
    expected: string,
  ) {
    super(`${variable}: ${expected}`)
  }
}

/** A key is empty, not a string, or was made of parts that name nothing (`undefined`, `null`, objects). */
export class InvalidKeyError extends HoldfastError {
  readonly code = 'invalid_key'
}

/** A token, or the claims given in its place, cannot be identified or have no usable lifetime. */
export class InvalidTokenError extends HoldfastError {
  readonly code = 'invalid_token'
}

/** A decorator stands on something whose result cannot be cached. */
export class NotCacheableError extends HoldfastError {
  readonly code = 'not_cacheable'
}

/** `rejectBlacklisted()` met a token that nothing before it has verified: the chain is in the wrong order. */
export class UnverifiedTokenError extends HoldfastError {
  readonly code = 'unverified_token'
  /** The HTTP status that an error handler answers with: the server is set up wrongly, not the request. */
  readonly status = 500
}

/**
 * The token of this request has been revoked. Carries the `name`, `code` and `status` that error handlers
 * written for express-jwt's `UnauthorizedError` look for.
 */
export class TokenRevokedError extends HoldfastError {
  readonly code = 'revoked_token'
  /** The HTTP status that an error handler answers with (RFC 6750 §3.1). */
  readonly status = 401

  constructor() {
    super('The token has been revoked')
    this.name = 'UnauthorizedError'
  }
}

/** A request has no token, and needs one. */
export class TokenMissingError extends HoldfastError {
  readonly code = 'credentials_required'
  /** The HTTP status that an error handler answers with. */
  readonly status = 401

  constructor() {
    super('No token was found in the request')
    this.name = 'UnauthorizedError'
  }
}

/** The token of a request does not verify: forged, expired, of somebody else. What jsonwebtoken says of it is the `cause`. */
export class TokenRejectedError extends HoldfastError {
  readonly code = 'rejected_token'
  /** The HTTP status that an error handler answers with (RFC 6750 §3.1). */
  readonly status = 401

  constructor(cause?: unknown) {
    super('The token does not verify', { cause })
    this.name = 'UnauthorizedError'
  }
}

/**
 * A request has more than one token, or credentials that are no token: what another part takes for it can't be known
 * (RFC 6750 §2 and §3.1).
 */
export class AmbiguousTokenError extends HoldfastError {
  readonly code = 'ambiguous_token'
  /** The HTTP status that an error handler answers with (RFC 6750 §3.1). */
  readonly status = 400

  constructor() {
    super('Exactly one token was expected in the request, in a form that all read alike')
    this.name = 'UnauthorizedError'
  }
}

/** Revocations cannot be checked now, and the application has chosen to refuse rather than to trust. */
export class RevocationsUnavailableError extends HoldfastError {
  readonly code = 'revocations_unavailable'
  /** The HTTP status that an error handler answers with. */
  readonly status = 503

  constructor() {
    super('Revocations cannot be checked at the moment')
  }
}

/** A loader has taken longer than its caller was willing to wait, and there was nothing to stand in. It goes on. */
export class LoaderTimeoutError extends HoldfastError {
  readonly code = 'loader_timeout'

  constructor(timeoutMs: number) {
    super(`The value was not there within ${String(timeoutMs)} ms; its load goes on`)
  }
}

/** A client did not answer within its budget. Seen by cache clients and in causes, never by callers of the cache. */
export class CommandTimeoutError extends HoldfastError {
  readonly code = 'command_timeout'

  constructor(budgetMs: number) {
    super(`No answer within ${String(budgetMs)} ms`)
  }
}

/**
 * The server answered, and refused this one command (out of memory, wrong type, no permission), while others
 * may go through. A client rejects with this to say that its connection is in order.
 */
export class CommandRefusedError extends HoldfastError {
  readonly code = 'command_refused'
}

/** The one line that says why: the message, or the system's code where the message is empty. */
export function describeCause(error: unknown): string {
  if (error instanceof AggregateError && error.message === '' && error.errors.length > 0) {
    return describeCause(error.errors[0])
  }
  if (error instanceof Error) return error.message || ('code' in error ? String(error.code) : error.name)
  return String(error)
}
