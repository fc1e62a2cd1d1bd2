import type { ErrorRequestHandler, RequestHandler } from 'express'
import { STATUS_CODES } from 'node:http'
import { HttpError, notFound } from '../http-error'

/** What the caller gets to see. */
interface Answer {
  readonly status: number
  readonly code: string
  readonly message: string
}

/** 404 for what no route has answered. */
export const unknownRoute: RequestHandler = (req) => {
  throw notFound(`There is no ${req.method} ${req.path}`)
}

/**
 * Answers errors in JSON. Only errors that were made for the caller's eyes show their text.
 *
 * @param report gets what nobody expected, and what the caller is not told
 */
export function errorResponses(report: (error: unknown) => void): ErrorRequestHandler {
  // Express knows an error handler by its four parameters.
  return function errorResponses(error: unknown, _req, res, next) {
    if (res.headersSent) {
      next(error)
      return
    }
    const { status, code, message } = answerTo(error)
    if (status >= 500) report(error)
    if (status === 401 && !res.hasHeader('WWW-Authenticate')) res.set('WWW-Authenticate', 'Bearer')
    res.status(status).json({ error: { code, message } })
  }
}

function answerTo(error: unknown): Answer {
  if (error instanceof HttpError) return error
  const status = error instanceof Error && 'status' in error ? error.status : undefined
  if (typeof status !== 'number' || status < 400 || status > 499) {
    return { status: 500, code: 'internal_error', message: 'Something went wrong on our side' }
  }
  // What express-jwt and rejectBlacklisted() say of a token is meant for its bearer; express.json() may quote.
  if (error instanceof Error && error.name === 'UnauthorizedError' && 'code' in error) {
    return { status, code: String(error.code), message: error.message }
  }
  return { status, code: 'bad_request', message: STATUS_CODES[status] ?? 'Bad Request' }
}
