/** `212212` → `212,212`. */
export function count(number: number): string {
  return number.toLocaleString('en-GB')
}

/** `1.234` → `1.2 ms`. */
export function milliseconds(ms: number): string {
  return `${ms.toFixed(1)} ms`
}
