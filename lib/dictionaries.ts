import type { IncomingMessage, ServerResponse } from 'node:http'
import { ServerResponse as Plain } from 'node:http'

/** From V8 13 on, which is Node 24, such shapes cost no more than others, and dictionaries do. */
const IS_OF_USE = Number(process.versions.v8.split('.', 1)[0]) < 13

/**
 * Has V8 keep the properties of a request and its response in dictionaries. Express gives both another prototype, and
 * each property that is added after that makes a shape which no other object has: it takes microseconds, and nothing is
 * found at once in such an object, by Node and Express neither. It takes no more than to take a property away that is
 * not the last one, and to put it back as it was.
 */
export function keepInDictionaries(req: IncomingMessage, res: ServerResponse): void {
  if (!IS_OF_USE || !(res instanceof Plain) || Object.getPrototypeOf(res) === Plain.prototype) return
  keepInDictionary(res, 'sendDate')
  keepInDictionary(req, 'complete')
}

/** Whatever is not as Node makes it stays as it is. */
function keepInDictionary(object: object, name: string): void {
  const own = Object.getOwnPropertyDescriptor(object, name)
  const isPlain = own?.writable === true && own.enumerable === true && own.configurable === true
  if (!isPlain || !Object.isExtensible(object)) return
  if (!Reflect.deleteProperty(object, name)) return
  // What nobody else answers for is put back as it was by being set.
  if (name in object) Object.defineProperty(object, name, own)
  else Reflect.set(object, name, own.value)
}
