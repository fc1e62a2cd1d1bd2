import type { IncomingMessage, ServerResponse } from 'node:http'
import { ServerResponse as Plain } from 'node:http'

/**
 * Has V8 keep the properties of a request and its response in dictionaries. Express gives both another prototype, and
 * each property that is added after that makes a shape which no other object has: it takes microseconds, and nothing is
 * found at once in such an object, by Node and Express neither. It takes no more than to take a property away that is
 * not the last one, and to put it back as it was.
 */
export function keepInDictionaries(req: IncomingMessage, res: ServerResponse): void {
  if (Object.getPrototypeOf(res) === Plain.prototype) return
  // Whatever is not as Node makes it stays as it is.
  const { sendDate } = res
  if (typeof sendDate === 'boolean' && Reflect.deleteProperty(res, 'sendDate')) res.sendDate = sendDate
  const { complete } = req
  if (typeof complete === 'boolean' && Reflect.deleteProperty(req, 'complete')) req.complete = complete
}
