import Fastify, { type FastifyInstance } from 'fastify'
import { checked, LocalCognitoError } from './config.ts'
import { Client, Clock, Fault, PoolSettings, Rotation } from './schema.ts'
import type { State } from './state.ts'

const effects = ['status', 'error', 'delay', 'hang', 'truncate']

/** The switches. No Cognito path lives here, so no client can come to depend on them. */
export function createControl(state: State): FastifyInstance {
  const app = Fastify({ forceCloseConnections: true })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
  // Any site a developer visits can send requests to this port; it has no business here.
  app.addHook('onRequest', async (request, reply) => {
    if (request.headers.origin === undefined) return
    return reply.code(403).send({ error: 'The control port is not for web pages.' })
  })
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'There is no such switch.' }))
  app.setErrorHandler((error, _request, reply) => {
    if (!(error instanceof LocalCognitoError)) throw error
    return reply.code(400).send({ error: error.message })
  })

  app.post('/clock', async (request) => {
    state.offset = checked(Clock, read(request.body)).offset
    return { offset: state.offset, now: new Date(state.now()).toISOString() }
  })
  app.post('/faults', async (request) => {
    const fault = checked(Fault, read(request.body))
    if (!effects.some((effect) => effect in fault)) {
      throw new LocalCognitoError(`must have at least one of ${effects.join(', ')}`)
    }
    if ('error' in fault && fault.endpoint !== 'authorize' && fault.endpoint !== 'login') {
      throw new LocalCognitoError('error needs the endpoint authorize or login; elsewhere use status and body')
    }
    state.faults.add(fault)
    return { faults: state.faults.list() }
  })
  app.delete('/faults', async () => {
    state.faults.clear()
    return { faults: state.faults.list() }
  })
  app.post('/keys/rotate', async (request) => {
    await state.keys.rotate(checked(Rotation, read(request.body)).keep_old)
    return { keys: await state.keys.published() }
  })
  app.patch<{ Params: { id: string } }>('/clients/:id', async (request, reply) => {
    const client = state.clients.get(request.params.id)
    if (client === undefined) return reply.code(404).send({ error: `There is no client ${request.params.id}.` })
    const changes = read(request.body)
    if ('id' in changes) throw new LocalCognitoError('id cannot be changed')
    const rotation = Object.assign({}, client.rotation, changes.rotation)
    state.clients.set(client.id, checked(Client, { ...client, ...changes, rotation }))
    return { changed: Object.keys(changes) }
  })
  app.patch('/pool', async (request) => {
    const changes = read(request.body)
    state.pool = checked(PoolSettings, { ...state.pool, ...changes })
    return { changed: Object.keys(changes) }
  })
  app.get('/log', async () => ({ requests: state.log.requests(), counts: state.log.counts() }))
  app.post('/reset', async () => {
    state.reset()
    return { reset: true }
  })
  return app
}

/** A body as a JSON object, whatever its content type says, so that `curl -d` will do; nothing is `{}`. */
function read(body: unknown): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(typeof body === 'string' && body !== '' ? body : '{}')
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch {
    // Told below, with the other things that are no object.
  }
  throw new LocalCognitoError('the body must be a JSON object')
}
