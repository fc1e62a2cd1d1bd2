/** What decorators are compiled to in this run: `standard` ones get two arguments, `legacy` ones three. */
export const currentDialect = countArguments() === 3 ? 'legacy' : 'standard'

function countArguments(): number {
  let count = 0
  class Probe {
    @note
    method(): this {
      return this
    }
  }
  function note(...decorated: unknown[]): void {
    count = decorated.length
  }
  new Probe().method()
  return count
}
