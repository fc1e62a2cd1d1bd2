const LEASE = 'holdfast:lease:'
const PULSE = 'holdfast:pulse:'

/** Under which name Redis keeps the lease of a key: one that is in the same slot of a cluster. */
export function leaseKeyOf(key: string): string {
  return LEASE + tagged(key)
}

/** Under which name Redis keeps the last sign of life of who has the lease of a key: in the same slot as well. */
export function pulseKeyOf(key: string): string {
  return PULSE + tagged(key)
}

/** The key that such a name is for, any other name itself; `undefined` for a sign of life, which concerns nobody. */
export function keyOfName(name: string): string | undefined {
  if (name.startsWith(PULSE)) return undefined
  if (!name.startsWith(LEASE)) return name
  const rest = name.slice(LEASE.length)
  return rest.startsWith(':') ? rest.slice(1) : rest.slice(1, -1)
}

function tagged(key: string): string {
  return /[{}]/.test(key) ? `:${key}` : `{${key}}`
}
