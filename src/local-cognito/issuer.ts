import cookie from '@fastify/cookie'
import Fastify, { type FastifyInstance } from 'fastify'
import { Refusal } from './answer.ts'
import { badRequest, discovery, jwks } from './discovery.ts'
import { serve } from './serve.ts'
import type { State } from './state.ts'

/** The issuer's origin, which is not the domain's: discovery and keys of one pool, and nothing else. */
export async function createIssuer(state: State): Promise<FastifyInstance> {
  const app = Fastify({ forceCloseConnections: true })
  await app.register(cookie)
  const base = `/${state.poolId}/.well-known`
  serve(
    app,
    state,
    [
      { method: 'GET', url: `${base}/openid-configuration`, endpoint: 'discovery', handle: discovery },
      { method: 'GET', url: `${base}/jwks.json`, endpoint: 'jwks', handle: jwks },
    ],
    () => new Refusal('path_unknown', badRequest),
  )
  return app
}
