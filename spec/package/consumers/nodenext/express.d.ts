// What this project wants of express, without @types/express.
declare module 'express' {
  import type { IncomingMessage, Server, ServerResponse } from 'node:http'

  export interface Request extends IncomingMessage {
    params: Record<string, string>
    auth?: { jti?: string; sub?: string; exp?: number; name?: string }
  }
  export interface Response extends ServerResponse {
    json(body: unknown): void
    sendStatus(status: number): void
  }
  export type NextFunction = (error?: unknown) => void
  type Handler = (req: Request, res: Response, next: NextFunction) => unknown
  type ErrorHandler = (error: { status?: number }, req: Request, res: Response, next: NextFunction) => unknown

  export interface Application {
    get(path: string, ...handlers: Handler[]): void
    post(path: string, ...handlers: Handler[]): void
    use(path: string, ...handlers: Handler[]): void
    use(handler: ErrorHandler): void
    listen(port: number, host: string): Server
  }
  export default function express(): Application
}
