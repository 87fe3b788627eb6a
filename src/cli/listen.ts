import type { FastifyInstance } from 'fastify'
import { CommandError } from './run.ts'

/** Starts to listen. Throws CommandError when the port is taken or not ours to take, naming the config key to change. */
export async function listen(app: FastifyInstance, at: { host: string; port: number }, key: string): Promise<string> {
  try {
    return await app.listen({ ...at })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const why: Record<string, string> = {
      EADDRINUSE: 'is taken by another process',
      EACCES: 'may not be used by this user',
      EADDRNOTAVAIL: 'is no address of this machine',
    }
    const reason = why[String(code)]
    if (reason === undefined) throw error
    throw new CommandError(`${key}: ${at.host}:${at.port} ${reason}; choose another.`)
  }
}
