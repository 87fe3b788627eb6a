/**
 * The upstream's certificate is not verified unless somebody asks for it.
 * - CVE-2026-107318
 */
import type { TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { createBrowser } from '../support/browser.ts'
import { certificate, certificateFile } from '../support/certificates.ts'
import { startStack } from '../support/stack.ts'
import { startTool } from '../support/tool.ts'

/** A tool that speaks https and counts what reached it. */
async function tlsTool(t: Test, name: 'server' | 'self-signed', options: object = {}) {
  const subjects: unknown[] = []
  const tool = await startTool(
    t,
    (request, response) => {
      subjects.push((request.socket as TLSSocket).getPeerCertificate().subject?.CN)
      response.end('ok')
    },
    { cert: certificate(`${name}.pem`), key: certificate(`${name}.key`), ...options },
  )
  return { ...tool, subjects }
}

/** Signed in at a gateway with a route to each of these. */
async function signedIn(t: Test, upstreams: readonly { url: string; tls?: object | undefined }[]) {
  const routes = upstreams.map(({ url, tls }, i) => ({
    ...{ name: `tool-${i}`, path: `/${i}`, upstream: url },
    ...(tls && { tls }),
  }))
  const { origin } = await startStack(t, { config: { routes } })
  const browser = createBrowser()
  await browser.signIn(`${origin}/oauth/sign-in`)
  return (i: number) => browser.send(`${origin}/${i}`, { headers: { 'sec-fetch-site': 'same-origin' } })
}

t.test('a certificate that does not verify is a 502, and the bearer is not sent', async (t) => {
  const ca = certificateFile('ca.pem')
  const tools = [
    { ...(await tlsTool(t, 'self-signed')), tls: undefined },
    { ...(await tlsTool(t, 'server')), tls: undefined },
    { ...(await tlsTool(t, 'self-signed')), tls: { ca } },
    { ...(await tlsTool(t, 'server')), tls: { ca, server_name: 'other.internal' } },
  ]
  const ask = await signedIn(t, tools)

  for (const [i, tool] of tools.entries()) {
    const answer = await ask(i)
    t.equal(answer.status, 502)
    t.equal(JSON.parse(answer.body).code, 'upstream_certificate')
    t.notMatch(answer.body, String(tool.port))
    t.equal(tool.subjects.length, 0)
  }
})

t.test('a certificate passes when its authority is named, or when nobody looks', async (t) => {
  const ca = certificateFile('ca.pem')
  const tools = [
    { ...(await tlsTool(t, 'server')), tls: { ca } },
    { ...(await tlsTool(t, 'server')), tls: { ca, server_name: 'tool.internal' } },
    { ...(await tlsTool(t, 'self-signed')), tls: { ca: certificateFile('self-signed.pem') } },
    { ...(await tlsTool(t, 'self-signed')), tls: { insecure: true } },
  ]
  const ask = await signedIn(t, tools)

  for (const i of tools.keys()) t.equal((await ask(i)).status, 200)
})

t.test('a tool that wants a certificate of ours gets it', async (t) => {
  const ca = certificateFile('ca.pem')
  const client = { client_cert: certificateFile('client.pem'), client_key: certificateFile('client.key') }
  const { url, subjects } = await tlsTool(t, 'server', { requestCert: true, ca: certificate('ca.pem') })
  const ask = await signedIn(t, [
    { url, tls: { ca, ...client } },
    { url, tls: { ca } },
  ])

  t.equal((await ask(0)).status, 200)
  t.same(subjects, ['test-client'])
  t.equal((await ask(1)).status, 502)
  t.equal(subjects.length, 1)
})
