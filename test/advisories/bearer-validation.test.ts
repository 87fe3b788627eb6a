/**
 * Any bearer counts as signed in, or one that is bound to nothing.
 * - CVE-2022-29226
 * - GHSA-wcvh-g65p-v576
 */
import { generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { startEcho } from '../support/echo.ts'
import { machineTokens } from '../support/machine-tokens.ts'
import { upgradeRaw } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'

const echo = await startEcho(t)
const at = (name: string, more: object = {}) => ({ name, path: `/${name}`, upstream: echo.url, ...more })
const { origin, cognito, control } = await startStack(t, {
  config: {
    routes: [
      at('session'),
      at('maybe', { access: 'optional', accept: ['provider_token'] }),
      at('both', { accept: ['session', 'provider_token'] }),
    ],
  },
})
const minted = await machineTokens(cognito.domain, control)
const claims = { iss: cognito.issuer, sub: 'ada', username: 'ada', token_use: 'access', client_id: '1localexample' }
const later = Math.floor(Date.now() / 1000) + 3600

/** Signed by the pool, but for what is changed. */
const almost = (change: JWTPayload) => minted({ ...claims, ...change })

async function bad(): Promise<Record<string, string>> {
  const { privateKey } = await generateKeyPair('RS256')
  const own = new SignJWT({ ...claims, exp: later }).setProtectedHeader({ alg: 'RS256', kid: 'mine' })
  return {
    'a word': 'anything',
    empty: '',
    'an unsigned token': new UnsecuredJWT({ ...claims, exp: later }).encode(),
    'a token of our own making': await own.sign(privateKey),
    'a token of another issuer': await almost({ iss: 'https://evil.example' }),
    'a token of no issuer': await almost({ iss: null as unknown as string }),
    'a token for another client': await almost({ client_id: '1other' }),
    'a token for nobody': await almost({ client_id: null }),
    'a token whose end is no time': await almost({ exp: null as unknown as number }),
    'a token that is over': await almost({ exp: later - 7200 }),
  }
}

t.test('a bearer is looked at, or is no credential', async (t) => {
  const stranger = createBrowser()

  for (const [name, token] of Object.entries(await bad())) {
    const authorization = `Bearer ${token}`
    for (const path of ['/session', '/maybe', '/both']) {
      const { status } = await stranger.send(origin + path, { headers: { authorization } })
      t.equal(status, 401, `${name} at ${path}`)
      const upgrade = await upgradeRaw(origin, path, `Authorization: ${authorization}`, `Origin: ${origin}`)
      t.equal(upgrade.status, 401, `${name} at ${path}, WebSocket`)
    }
  }
  t.equal(echo.received.length, 0)
})
