/**
 * What a promise rejects with.
 *
 * @throws When it resolves.
 */
export async function rejection(work: Promise<unknown>): Promise<unknown> {
  try {
    await work
  } catch (error) {
    return error
  }
  throw new Error('It was expected to reject, and resolved')
}
