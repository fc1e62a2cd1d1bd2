/** Which part of the query belongs to the key: all as it was sent, all in order, or these parameters in order. */
export type QueryOption = 'as-sent' | 'sorted' | readonly string[]

/** A URL with that part of its query which belongs to the key; of one that was rewritten, both with that part. */
export function withQuery(url: string, query: QueryOption): string {
  return url
    .split(' ')
    .map((one) => withPartOfQuery(one, query))
    .join(' ')
}

/** What those who parse queries read of a longer one is the beginning. */
const MOST_PARAMETERS = 1000

function withPartOfQuery(url: string, query: QueryOption): string {
  const start = url.indexOf('?')
  if (query === 'as-sent' || start === -1) return url
  const pairs = pairsOf(url)
  // What isn't read as it stands here is another one: it may be that nothing is read of the parameters behind.
  if (pairs.length > MOST_PARAMETERS || !IS_PLAIN.test(url)) return url
  const chosen = query === 'sorted' ? pairs : pairs.filter((pair) => query.includes(parameterOf(pair)))
  // Those of one name stay in their order, which may matter.
  const named = chosen.map((pair) => [parameterOf(pair), pair] as const)
  named.sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0))
  return named.length === 0
    ? url.slice(0, start)
    : `${url.slice(0, start)}?${named.map(([, pair]) => pair).join('&')}`
}

/** The pairs of a query, as they were sent. */
export function pairsOf(url: string): readonly string[] {
  const start = url.indexOf('?')
  return start === -1 ? [] : url.slice(start + 1).split('&')
}

/** A URL ends before a `#`, which no client sends; beyond ASCII, it is for each parser to say where. */
const IS_PLAIN = /^[\x21\x22\x24-\x7e]*$/

/** The parameter that a pair sets, however it is spelt: `a`, `%61`, `a[x]` and `[a]` are one to those who parse queries. */
function parameterOf(pair: string): string {
  const [name = ''] = pair.split('=', 1)
  return parameterNamed(decoded(name))
}

/** The parameter that a name is about: that of `filter[name]` is `filter`. */
export function parameterNamed(name: string): string {
  const [parameter = ''] = name.replace(/^\[+/, '').split(/[[\]]/, 1)
  return parameter
}

/** Without its escapes, where they can be read. */
export function decoded(text: string): string {
  const spaced = text.replaceAll('+', ' ')
  try {
    return decodeURIComponent(spaced)
  } catch {
    return spaced
  }
}
