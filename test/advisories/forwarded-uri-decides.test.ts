/**
 * A header of the client decides which route matches, or whether anyone is asked at all.
 * - CVE-2026-40575
 * - CVE-2026-34457
 */
import t from 'tap'
import { sendRaw, upgradeRaw } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'

// Even a proxy that may say who the client is has no say in the path.
const { origin, echo } = await startStack(t, { config: { trusted_proxies: ['127.0.0.1'] } })
const { host } = new URL(origin)

const addresses = ['X-Forwarded-Uri', 'X-Forwarded-Path', 'X-Forwarded-Prefix', 'X-Forwarded-Url', 'X-Original-Uri']
const more = ['X-Original-URL', 'X-Rewrite-URL', 'X-Auth-Request-Redirect', 'X-Envoy-Original-Path']
const methods = ['X-Forwarded-Method', 'X-HTTP-Method-Override', 'X-Original-Method']
const probes = ['GoogleHC/1.0', 'ELB-HealthChecker/2.0', 'kube-probe/1.30', 'Consul Health Check', 'toolgate']
const claims = [
  ...[...addresses, ...more].flatMap((name) => ['/open', `${origin}/open`, '/oauth/'].map((at) => `${name}: ${at}`)),
  ...methods.map((name) => `${name}: OPTIONS`),
  ...probes.map((agent) => `User-Agent: ${agent}`),
  ...['X-Forwarded-For: 127.0.0.1', 'X-Real-IP: 127.0.0.1', 'X-Forwarded-User: ada', 'X-Forwarded-Proto: https'],
]

t.test('no header opens a route that needs a person', async (t) => {
  const before = echo.received.length

  for (const claim of [...claims, claims.filter((line) => !/^X-Forwarded-(For|User)/.test(line)).join('\r\n')]) {
    const answer = await sendRaw(origin, ['GET /tool HTTP/1.1', `Host: ${host}`, claim])
    t.equal(answer.status, 401, claim)
    t.equal((await upgradeRaw(origin, '/tool', claim)).status, 401, `${claim}, WebSocket`)
  }

  t.equal(echo.received.length, before)
})

t.test('no header leads a request to another route, or under another path to the tool', async (t) => {
  for (const claim of claims.filter((line) => line.includes('/open'))) {
    await sendRaw(origin, ['GET /open/a HTTP/1.1', `Host: ${host}`, claim.replace('/open', '/tool')])
    t.equal(echo.received.at(-1)?.url, '/open/a', claim)
  }
})
