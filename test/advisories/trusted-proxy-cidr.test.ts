/**
 * Everybody is a trusted proxy: by default, or because of how a range is written.
 * - CVE-2026-76835
 * - CVE-2026-92395
 */
import { join } from 'node:path'
import t from 'tap'
import { stringify } from 'yaml'
import { startEcho } from '../support/echo.ts'
import { sendRaw } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'
import { toolgate } from '../support/toolgate.ts'

const echo = await startEcho(t)
const routes = [{ name: 'open', path: '/open', upstream: echo.url, access: 'public' }]

/** The status, and what the tool was told of where the request came in. */
async function told(at: string, ...lines: string[]) {
  const { status } = await sendRaw(at, ['GET /open HTTP/1.1', ...lines])
  const {
    'x-forwarded-for': from,
    'x-forwarded-host': forHost,
    'x-forwarded-proto': proto,
  } = echo.received.at(-1)?.headers ?? {}
  return { status, from, forHost, proto }
}

t.test('nobody else changes anything: not the host, not the scheme, not the address', async (t) => {
  const lies = ['X-Forwarded-For: 1.1.1.1', 'X-Forwarded-Host: evil.test', 'X-Forwarded-Proto: https', 'Forwarded: ;=']

  for (const trusted_proxies of [undefined, ['10.0.0.0/8']]) {
    const { origin } = await startStack(t, { config: { ...(trusted_proxies && { trusted_proxies }), routes } })
    const { host } = new URL(origin)

    t.match(await told(origin, `Host: ${host}`, ...lies), {
      status: 200,
      from: '127.0.0.1',
      forHost: host,
      proto: 'http',
    })
    t.equal((await told(origin, 'Host: evil.test', `X-Forwarded-Host: ${host}`)).status, 421)
  }
})

t.test('a range that trusts more than it seems to is refused', async (t) => {
  const cognito = {
    type: 'cognito',
    domain: 'https://a.acme.io',
    user_pool_id: 'eu-west-1_Xk3fP9qLm',
    client_id: '4f7q',
  }
  const ranges = [
    ...['::ffff:10.0.0.0/8', '::ffff:0:0/96', '::ffff:0.0.0.0/96', '::ffff:10.0.0.0/104', '::ffff:a00:0/8', '::/0'],
    ...['0.0.0.0/0', '10.0.0.0/33', '10.0.0.1/8', '10/8', '*', 'all', 'localhost', '10.0.0.0/', '10.0.0.0/08', ''],
  ]

  for (const range of ranges) {
    const config = { public_url: 'https://tools.acme.io', trusted_proxies: [range], providers: { cognito }, routes }
    const file = join(t.testdir({ 'a.yaml': stringify(config) }), 'a.yaml')
    const { exitCode, out } = await toolgate('check', '--offline', '--config', file)
    t.equal(exitCode, 1, range)
    t.match(out, 'trusted_proxies[0]', range)
  }
})
