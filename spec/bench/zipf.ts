/** Places from 0, of which the nth is drawn in proportion to 1 / n to the power of `skew`: the same ones each time. */
export function zipf(places: number, length: number, skew = 1): number[] {
  const sums: number[] = []
  let total = 0
  for (let place = 1; place <= places; place += 1) sums.push((total += 1 / place ** skew))
  let state = 1
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    const drawn = (state / 2 ** 32) * total
    let [low, high] = [0, places - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sums[middle] ?? 0) < drawn) low = middle + 1
      else high = middle
    }
    return low
  })
}
