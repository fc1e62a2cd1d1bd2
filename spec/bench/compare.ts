const ROUNDS = 15
const ROUND_MS = 120

/**
 * Measures candidates in turns, many short rounds of each, so that a noisy machine disturbs all alike, and
 * prints the median rate of each as a ratio to the first, which is the limit or the way by hand.
 */
export async function compare(
  title: string,
  callers: number,
  candidates: Record<string, () => Promise<unknown>>,
): Promise<void> {
  const rates = new Map(Object.keys(candidates).map((name) => [name, [] as number[]]))
  for (let round = -1; round < ROUNDS; round += 1) {
    for (const [name, work] of Object.entries(candidates)) {
      const rate = await measure(work, callers)
      // The first round warms up.
      if (round >= 0) rates.get(name)?.push(rate)
    }
  }
  const medians = [...rates].map(([name, values]) => [name, median(values)] as const)
  const anchor = medians[0]?.[1] ?? Number.NaN
  console.log(`\n${title}`)
  for (const [name, rate] of medians) console.log(`  ${(rate / anchor).toFixed(2).padStart(6)}  ${name}`)
}

/** Calls a second, with so many callers, each of which waits for its own call before the next. */
async function measure(work: () => Promise<unknown>, callers: number): Promise<number> {
  const start = performance.now()
  let calls = 0
  const caller = async (): Promise<void> => {
    while (performance.now() - start < ROUND_MS) {
      await work()
      calls += 1
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return calls / ((performance.now() - start) / 1000)
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
