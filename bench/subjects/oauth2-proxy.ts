import { randomBytes } from 'node:crypto'
import { findBinary, oauth2Proxy } from '../../test/support/binaries.ts'
import { freePort } from '../../test/support/free-port.ts'
import type { Run } from '../ending.ts'
import { client, type Stage } from '../parts/stage.ts'
import { startPinned } from '../pinned.ts'
import { type Subject, subjectOf } from './subject.ts'

export const oauth2ProxyCookie = /^_oauth2_proxy/

/** oauth2-proxy with its sessions in Redis. It injects the ID token: for the access token it has another header only. */
export async function startOauth2Proxy(run: Run, stage: Stage): Promise<Subject> {
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  await stage.allowCallback(`${origin}/oauth2/callback`)
  const options = {
    'http-address': `127.0.0.1:${port}`,
    provider: 'oidc',
    'oidc-issuer-url': stage.cognito.issuer,
    'client-id': client.id,
    'client-secret': client.secret,
    'redirect-url': `${origin}/oauth2/callback`,
    'cookie-secret': randomBytes(16).toString('hex'),
    'cookie-secure': 'false',
    'email-domain': '*',
    'skip-provider-button': 'true',
    'session-store-type': 'redis',
    'redis-connection-url': stage.redis.url,
    upstream: `${stage.upstream.quick}/`,
    'pass-authorization-header': 'true',
    'standard-logging': 'false',
    'auth-logging': 'false',
    'request-logging': 'false',
  }
  const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`)
  const command = [findBinary(oauth2Proxy) ?? 'oauth2-proxy', ...args]
  return subjectOf(origin, await startPinned(run, { command, port }))
}
