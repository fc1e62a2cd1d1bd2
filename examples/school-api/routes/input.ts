import { badRequest } from '../http-error'

/**
 * An id from the path: a whole number from 1.
 *
 * @throws HttpError 400
 */
export function readId(name: string, value: unknown): number {
  if (typeof value === 'string' && /^[1-9]\d{0,14}$/.test(value)) return Number(value)
  throw badRequest(`${name}: expected a whole number from 1`)
}

/**
 * A member of a JSON body, or `undefined`.
 *
 * @throws HttpError 400 where the body is no JSON object
 */
export function member(body: unknown, name: string): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw badRequest('Expected a JSON object, sent as application/json')
  }
  return Object.entries(body).find(([key]) => key === name)?.[1]
}

/**
 * A string from a JSON body that is not empty.
 *
 * @throws HttpError 400
 */
export function readText(name: string, body: unknown): string {
  const value = member(body, name)
  if (typeof value === 'string' && value.length > 0 && value.length <= 200) return value
  throw badRequest(`${name}: expected a string of 1 to 200 characters`)
}

/**
 * A score from a JSON body.
 *
 * @throws HttpError 400
 */
export function readScore(body: unknown): number {
  const value = member(body, 'score')
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 100) return value
  throw badRequest('score: expected a whole number from 0 to 100')
}
