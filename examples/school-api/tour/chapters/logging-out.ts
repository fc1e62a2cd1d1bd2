import { setTimeout as pause } from 'node:timers/promises'
import type { Stage } from '../stage'

/** Tokens are refused once their bearer has logged out, here or everywhere. */
export async function loggingOut({ narrator, school }: Stage): Promise<void> {
  narrator.chapter('Logging out, and meaning it')
  const { client } = school
  const statusOf = async (token: string): Promise<number> => (await client.dashboard(token)).status

  const token = await client.logIn('parent@northgate.example')
  narrator.claim('A token is good: 200.', await statusOf(token), 200)
  await client.send('/logout', { method: 'POST', token })
  narrator.claim('Logged out, the same token is refused: 401.', await statusOf(token), 401)

  const phone = await client.logIn('parent@northgate.example')
  const laptop = await client.logIn('parent@northgate.example')
  narrator.claim('On phone and laptop: 200.', [await statusOf(phone), await statusOf(laptop)], [200, 200])
  const { body } = await client.send<{ newTokensFrom: string }>('/logout-everywhere', {
    method: 'POST',
    token: phone,
  })
  const everywhere = [await statusOf(phone), await statusOf(laptop)]
  narrator.claim('Logged out everywhere, both are refused: 401.', everywhere, [401, 401])

  // Tokens say in whole seconds when they were issued: those of this second can't be told apart.
  await pause(Math.max(0, Date.parse(body.newTokensFrom) - Date.now()))
  const fresh = await client.logIn('parent@northgate.example')
  narrator.claim('A login from the next second on is good: 200.', await statusOf(fresh), 200)
}
