import { ErrorReply } from 'redis'
import { CommandRefusedError } from '../errors'

/** Replies by which a server says that it cannot serve for now, rather than that it won't do this command. */
const UNUSABLE = new Set([
  'LOADING',
  'READONLY',
  'MASTERDOWN',
  'CLUSTERDOWN',
  'TRYAGAIN',
  'NOREPLICAS',
  'MISCONF',
  'BUSY',
  'NOAUTH',
  'WRONGPASS',
  // Whoever takes no writes has no use for what changes: memory does.
  'OOM',
  // A node of a cluster takes some of our commands and not the others.
  'CROSSSLOT',
  'MOVED',
  'ASK',
])

/** What a server replies: tells a refused command from a server that is not usable. */
export function answered<Reply>(reply: Promise<Reply>): Promise<Reply> {
  return reply.catch(judge)
}

function judge(error: unknown): never {
  if (!(error instanceof ErrorReply)) throw error
  // Where in which script it happened makes a new cause of each.
  const message = error.message.replace(/ script: \w+, on .*$/, '')
  const isRefusal = !UNUSABLE.has(message.split(' ', 1)[0] ?? '')
  throw isRefusal ? new CommandRefusedError(message, { cause: error }) : new Error(message, { cause: error })
}
