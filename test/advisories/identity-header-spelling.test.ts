/**
 * A client sends an identity header in another spelling: it is not stripped, and the upstream takes it for ours.
 * - CVE-2025-64484
 * - GHSA-x677-9fxg-v5c5
 * - CVE-2026-88011
 * - mod_auth_openidc 2026-08-07, OPTIONS
 */
import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { startEcho } from '../support/echo.ts'
import { sendRaw, upgradeRaw } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'

const echo = await startEcho(t)
const at = (name: string, more: object = {}) => ({ name, path: `/${name}`, upstream: echo.url, ...more })
const own = {
  inject: { header: 'X-Api-Token', value: 'Token {access_token}' },
  identity_headers: { 'X-Webauth-User': '{email}', 'X-Who': '{sub}' },
}
const { origin } = await startStack(t, {
  config: {
    routes: [
      at('tool'),
      at('open', { access: 'public' }),
      at('maybe', { access: 'optional' }),
      at('id', { inject: 'id_token', identity_headers: false }),
      at('none', { inject: 'none' }),
      at('own', own),
      at('cors', { access: 'public', cors: { origins: ['https://app.acme.io'] } }),
    ],
  },
})
const { host } = new URL(origin)
const browser = createBrowser()
await browser.signIn(`${origin}/tool`)
const ours = `Cookie: ${browser.cookieHeader(origin)}`

const spoofed = [
  ...['X-Forwarded-User', 'X_Forwarded_User', 'X.Forwarded.User', 'x-forwarded_user', 'X-FORWARDED-USER'],
  ...['x-forwarded-email', 'X_Forwarded-Groups', 'X-Forwarded-Preferred.Username', 'X-Toolgate-Identity'],
  ...['X_Toolgate_Identity', 'x.toolgate.identity', 'X-Api-Token', 'x_api_token', 'X.Api.Token', 'X-Webauth-User'],
  ...['X_Webauth_User', 'X-Who', 'X-Forwarded-For', 'X_Forwarded_For', 'X-Forwarded-Host', 'X-Forwarded-Proto'],
  ...['X!Forwarded!User', 'x+forwarded~user', "X'Toolgate'Identity", 'X*Api|Token'],
  ...['X-Forwarded-Anything', 'Forwarded', 'X-Real-IP', 'X_Real_IP', 'X-Original-URL', 'X-Rewrite-URL'],
]
const lies = spoofed.map((name) => `${name}: evil`)

for (const path of ['/tool', '/open', '/maybe', '/id', '/none', '/own', '/cors']) {
  t.test(`headers that only we may set do not come from outside (${path})`, async (t) => {
    const asked = [
      () => sendRaw(origin, [`GET ${path} HTTP/1.1`, `Host: ${host}`, ours, ...lies, 'X-Fine: kept', 'X-User: kept']),
      () => upgradeRaw(origin, path, ours, `Origin: ${origin}`, ...lies, 'X-Fine: kept', 'X-User: kept'),
    ]

    for (const ask of asked) {
      const before = echo.received.length
      await ask()
      for (const { headers } of echo.received.slice(before)) {
        t.notMatch(JSON.stringify(headers), 'evil')
        t.match(headers, { 'x-fine': 'kept', 'x-user': 'kept' })
      }
    }
    t.equal(echo.received.at(-1)?.url, path)
  })
}

t.test('OPTIONS is no way around it: a preflight does not pass, anything else as every request', async (t) => {
  const before = echo.received.length
  const preflight = ['Origin: https://app.acme.io', 'Access-Control-Request-Method: PUT']

  for (const path of ['/tool', '/open', '/cors']) {
    const head = [`OPTIONS ${path} HTTP/1.1`, `Host: ${host}`]
    t.equal((await sendRaw(origin, [...head, ...preflight, ...lies])).status, 204, path)
  }
  t.equal(echo.received.length, before)
  t.equal((await sendRaw(origin, ['OPTIONS /tool HTTP/1.1', `Host: ${host}`, ...lies])).status, 401)
  t.equal(echo.received.length, before)
  t.equal((await sendRaw(origin, ['OPTIONS /open HTTP/1.1', `Host: ${host}`, ...lies])).status, 200)
  t.notMatch(JSON.stringify(echo.received.at(-1)?.headers), 'evil')
})
