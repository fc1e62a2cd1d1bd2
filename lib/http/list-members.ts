/** A list, taken apart (RFC 9110 §5.6.1). */
export interface List {
  /** What is between its commas, except those within a quoted string. */
  readonly members: readonly string[]
  /** The last member with all that is behind it, where its quote is never closed. */
  readonly unclosed: string | undefined
}

/** Takes a list apart. In one pass: a field may be long, and is anybody's. */
export function splitList(text: string): List {
  const members: string[] = []
  let start = 0
  let isQuoted = false
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at]
    if (character === '"') isQuoted = !isQuoted
    else if (character === '\\' && isQuoted) at += 1
    else if (character === ',' && !isQuoted) {
      members.push(text.slice(start, at))
      start = at + 1
    }
  }
  const last = text.slice(start)
  return isQuoted ? { members, unclosed: last } : { members: [...members, last], unclosed: undefined }
}

/** Without the blanks at both ends (OWS, RFC 9110 §5.6.3). */
export function withoutBlanks(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text[start])) start += 1
  while (end > start && isBlank(text[end - 1])) end -= 1
  return text.slice(start, end)
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t'
}
