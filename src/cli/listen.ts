import fastify, { type FastifyInstance } from 'fastify'
import { CommandError } from './run.ts'

interface Address {
  readonly host: string
  readonly port: number
  /** Other processes of this user may listen there, too; the kernel gives each its part of the connections. */
  readonly reusePort?: boolean
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is taken by another process; choose another',
  EACCES: 'may not be used by this user; choose another',
  EADDRNOTAVAIL: 'is no address of this machine; choose another',
  ENOTSUP: 'cannot be shared by processes on this system; set workers to 1',
}

/** Starts to listen. Throws CommandError when the port is taken or not ours to take, naming the config key to change. */
export async function listen(app: FastifyInstance, at: Address, key: string): Promise<string> {
  try {
    return await app.listen({ ...at })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const reason = reasons[String(code)]
    if (reason === undefined) throw error
    throw new CommandError(`${key}: ${at.host}:${at.port} ${reason}.`)
  }
}

/**
 * The same address, its port found free: of port 0 whichever it is. For those who are to share a port, since they would
 * share it with a stranger as well. Throws CommandError like `listen`.
 */
export async function freeAddress<At extends Address>(at: At, key: string): Promise<At> {
  const app = fastify()
  await listen(app, at, key)
  const [address] = app.addresses()
  await app.close()
  return typeof address === 'object' ? { ...at, port: address.port } : at
}
