/**
 * Asked by a front proxy about an address that it cannot read, the gateway fails in a way that lets the request pass.
 * - CVE-2021-32637
 */
import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { freePort } from '../support/free-port.ts'
import { sendRaw } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'
import { ambiguousTails } from './ambiguous-targets.ts'

const forward_auth = { host: '127.0.0.1', port: await freePort() }
const { origin } = await startStack(t, {
  config: {
    forward_auth,
    trusted_proxies: ['127.0.0.1'],
    routes: [
      { name: 'tool', path: '/tool', forward_auth: true },
      { name: 'open', path: '/open', forward_auth: true, access: 'public' },
    ],
  },
})
const { host } = new URL(origin)
const browser = createBrowser()
await browser.open(`${origin}/oauth/sign-in`).then((page) => browser.submitSignIn(page, 'ada'))
const cookie = `Cookie: ${browser.cookieHeader(origin)}`

/** The answer about this address, as nginx asks and as Caddy and Traefik do, and as Envoy does. */
async function statuses(uri: string, ...lines: string[]): Promise<readonly number[]> {
  const asked = [
    ['GET /oauth/auth', 'X-Original-Method: GET', `X-Original-URL: http://${host}${uri}`],
    ['GET /oauth/auth', 'X-Forwarded-Method: GET', `X-Forwarded-Host: ${host}`, `X-Forwarded-Uri: ${uri}`],
    [`GET /oauth/auth${uri}`],
  ]
  const answers = []
  for (const [call = '', ...more] of asked) {
    const to = `http://127.0.0.1:${forward_auth.port}`
    answers.push(await sendRaw(to, [`${call} HTTP/1.1`, `Host: ${host}`, ...more, ...lines]))
  }
  return answers.map(({ status }) => status)
}

t.test('what can be read passes or does not, for who is signed in and for who is not', async (t) => {
  t.strictSame(await statuses('/tool', cookie), [200, 200, 200])
  t.strictSame(await statuses('/tool'), [401, 401, 401])
  t.strictSame(await statuses('/open'), [200, 200, 200])
})

t.test('what could be read in two ways does not pass, whoever asks', async (t) => {
  for (const tail of ambiguousTails) {
    for (const prefix of ['/open', '/tool', '']) {
      for (const status of await statuses(prefix + tail, cookie)) {
        t.ok(status >= 400, `${encodeURI(prefix + tail)}: ${status}`)
      }
    }
  }
})

t.test('nor does what is no address, or not about a route of this kind', async (t) => {
  const others = [
    '',
    'open',
    '*',
    ':',
    '?',
    '//',
    'http://',
    'http:///open',
    `http://evil.example/open`,
    '/%',
    '/nowhere',
  ]

  for (const uri of [
    ...others,
    '/oauth/me',
    '/.well-known/openid-configuration',
    `/open\x80`,
    `/${'x'.repeat(9_000)}`,
  ]) {
    // Envoy's form with nothing after it is no question at all.
    for (const status of await statuses(uri, cookie)) t.ok(status >= 400, `${encodeURI(uri.slice(0, 40))}: ${status}`)
  }
})
