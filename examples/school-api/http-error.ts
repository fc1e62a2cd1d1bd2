/** An error that the caller may read: what went wrong, as a status, a code for programs and a text for people. */
export class HttpError extends Error {
  /** The response's status, 400 to 499. */
  readonly status: number
  /** What programs tell errors apart by. */
  readonly code: string

  /** @param message shown to the caller as it is */
  constructor(status: number, code: string, message: string) {
    super(message)
    this.name = 'HttpError'
    this.status = status
    this.code = code
  }
}

/** 400: the request can't be right, whoever sends it. */
export function badRequest(message: string): HttpError {
  return new HttpError(400, 'bad_request', message)
}

/** 403: known, but not allowed. */
export function forbidden(message: string): HttpError {
  return new HttpError(403, 'forbidden', message)
}

/** 404: there is no such thing. */
export function notFound(message: string): HttpError {
  return new HttpError(404, 'not_found', message)
}
