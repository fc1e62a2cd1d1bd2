import type { Server } from 'node:http'

export interface Seen {
  timetables: string[]
  cacheStatus: string[]
  users: string[]
  token: number[]
}

export const SECRET: string
export function visit(
  app: { listen(port: number, host: string): Server },
  options?: { logoutPath?: string },
): Promise<Seen>
