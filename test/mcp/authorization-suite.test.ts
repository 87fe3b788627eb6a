import t from 'tap'
import { freePort } from '../support/free-port.ts'
import { authorizationChecks } from './support/conformance.ts'
import { startNotes } from './support/notes.ts'
import { createOAuth } from './support/oauth.ts'
import { createPerson } from './support/person.ts'

t.test('the conformance suite for authorization servers finds no failure', async (t) => {
  const { origin, url } = await startNotes(t)
  const port = await freePort()
  const redirect = `http://127.0.0.1:${port}/callback`
  const { register } = createOAuth(origin)
  const { body: client } = await register({ redirect_uris: [redirect], token_endpoint_auth_method: 'none' })
  const person = createPerson()

  const checks = await authorizationChecks(
    t,
    ['--url', origin, '--client-id', String(client.client_id), '--resource', url, '--port', String(port)],
    async (authorization) => {
      const { location } = await person.answer(authorization)
      await fetch(location)
    },
  )

  t.strictSame(
    checks.map(({ id, status, errorMessage }) => [id, status, errorMessage]),
    [
      ['authorization-server-metadata', 'SUCCESS', undefined],
      ['authorization-server-metadata-cimd', 'SUCCESS', undefined],
      ['authorization-code-grant', 'SUCCESS', undefined],
    ],
  )
})
