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
  const pairs = url
    .slice(start + 1)
    .split('&')
    .map((pair) => ({ pair, names: parametersOf(pair) }))
  const isRead =
    pairs.length <= MOST_PARAMETERS && pairs.every(({ pair, names }) => pair === '' || !names.includes(''))
  // What isn't read as it stands here is another one: it may be that nothing is read of the parameters behind.
  if (!isRead || !IS_PLAIN.test(url)) return url
  const chosen =
    query === 'sorted' ? pairs : pairs.filter(({ names }) => names.some((name) => query.includes(name)))
  // Those of one name stay in their order, which may matter.
  chosen.sort(({ names: [one] }, { names: [other] }) => (one < other ? -1 : one > other ? 1 : 0))
  return chosen.length === 0
    ? url.slice(0, start)
    : `${url.slice(0, start)}?${chosen.map(({ pair }) => pair).join('&')}`
}

/** A URL ends before a `#`, which no client sends; beyond ASCII, it is for each parser to say where. */
const IS_PLAIN = /^[\x21\x22\x24-\x7e]*$/

/**
 * The parameter that a pair sets, however it is spelt: `a`, `%61` and `a[x]` are one to those who parse queries. Whether the
 * name ends at the first `=` or at the first behind a bracket, they don't agree. `''` for one that begins with a bracket,
 * which some put among the others.
 */
function parametersOf(pair: string): readonly [string, string] {
  const spelt = pair.replace(/%5B/gi, '[').replace(/%5D/gi, ']')
  const [name = ''] = spelt.split('=', 1)
  const bracket = spelt.indexOf(']=')
  const long = bracket === -1 ? name : spelt.slice(0, bracket + 1)
  return [parameterNamed(decoded(name)), parameterNamed(decoded(long))]
}

/** The parameter that a name is about: that of `filter[name]` is `filter`. */
export function parameterNamed(name: string): string {
  const [parameter = ''] = name.split(/[[\]]/, 1)
  return parameter
}

function decoded(text: string): string {
  const spaced = text.replaceAll('+', ' ')
  try {
    return decodeURIComponent(spaced)
  } catch {
    return spaced
  }
}
