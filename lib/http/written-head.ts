import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http'

type Head = OutgoingHttpHeaders | OutgoingHttpHeader[] | undefined

/** Takes in what `writeHead` was given: a status, a message or not, and fields. */
export function takeInHead(res: ServerResponse, [status, ...rest]: readonly unknown[]): void {
  const message = typeof rest[0] === 'string' ? rest[0] : undefined
  res.statusCode = status as number
  if (message !== undefined) res.statusMessage = message
  setFields(res, (message === undefined ? (rest[0] ?? rest[1]) : rest[1]) as Head)
}

/** Takes in the fields that `writeHead` was given, in each of its forms: an object, pairs, a flat list. */
function setFields(res: ServerResponse, head: Head): void {
  if (head === undefined || (head as unknown) === null) return
  if (!Array.isArray(head)) {
    for (const [name, value] of Object.entries(head)) if (value !== undefined) res.setHeader(name, value)
    return
  }
  const pairs = pairsOf(head)
  for (const [name] of pairs) res.removeHeader(name)
  for (const [name, value] of pairs) {
    const lines = [res.getHeader(name) ?? [], value].flat().map(String)
    res.setHeader(name, lines.length === 1 ? (lines[0] ?? '') : lines)
  }
}

function pairsOf(list: readonly unknown[]): (readonly [name: string, value: unknown])[] {
  if (Array.isArray(list[0]))
    return (list as readonly (readonly [unknown, unknown])[]).map(([name, value]) => [String(name), value])
  const names = list.filter((_, index) => index % 2 === 0 && index + 1 < list.length)
  return names.map((name, index) => [String(name), list[2 * index + 1]])
}
