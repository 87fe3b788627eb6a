import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import t, { type Test } from 'tap'
import { networkFailure } from '../../src/adapters/network-failure.ts'
import { createProbe } from '../../src/adapters/probe.ts'
import { certificate } from '../support/certificates.ts'
import { freePort } from '../support/free-port.ts'

/** A provider that answers so, and what it was sent. */
async function startProvider(t: Test, listener: RequestListener) {
  const received: { method: string; url: string; cookie: string | undefined; body: string }[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { method = '', url = '', headers } = request
    received.push({ method, url, cookie: headers.cookie, body: Buffer.concat(chunks).toString() })
    listener(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received }
}

function startProbe(t: Test, { timeoutMs = 2_000, signal = new AbortController().signal } = {}) {
  const { probe, close } = createProbe({ timeoutMs, signal })
  t.teardown(close)
  return probe
}

t.test('a redirect is told, not followed, and no cookie is kept', async (t) => {
  const { url, received } = await startProvider(t, (_request, response) => {
    response.writeHead(302, { location: '/login', 'set-cookie': 'cognito=session' }).end('moved')
  })
  const probe = startProbe(t)

  const first = await probe({ url: `${url}/authorize` })
  await probe({ url: `${url}/authorize` })

  t.strictSame(first, { status: 302, location: '/login', contentType: '', body: 'moved' })
  t.strictSame(
    received.map(({ url, cookie }) => [url, cookie]),
    [
      ['/authorize', undefined],
      ['/authorize', undefined],
    ],
  )
})

t.test('a form is posted', async (t) => {
  const { url, received } = await startProvider(t, (_request, response) => {
    response.writeHead(400, { 'content-type': 'application/json' }).end('{}')
  })

  const answer = await startProbe(t)({ url, form: { a: 'x y', b: '&' } })

  t.match(answer, { status: 400, contentType: 'application/json', body: '{}' })
  t.match(received, [{ method: 'POST', body: 'a=x+y&b=%26' }])
})

t.test('of an endless answer only the first part is read', async (t) => {
  const { url } = await startProvider(t, (_request, response) => {
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(65_536)));
    }
    response.on('drain', more)
    more()
  })

  const answer = await startProbe(t)({ url })

  t.equal('body' in answer && answer.body.length, 256 * 1024)
})

t.test('why there is no answer is told by kind', async (t) => {
  const { url: hanging } = await startProvider(t, () => {})
  const { url: broken } = await startProvider(t, (request) => request.socket.destroy())
  const tls = createTlsServer({ cert: certificate('self-signed.pem'), key: certificate('self-signed.key') })
  tls.listen(0, '127.0.0.1')
  await once(tls, 'listening')
  t.teardown(() => tls.close())
  const probe = startProbe(t, { timeoutMs: 150 })

  t.match(await probe({ url: hanging }), { failure: 'timeout' })
  t.match(await probe({ url: broken }), { failure: 'broken' })
  t.match(await probe({ url: `http://127.0.0.1:${await freePort()}` }), { failure: 'refused', code: 'ECONNREFUSED' })
  t.match(await probe({ url: `https://127.0.0.1:${(tls.address() as AddressInfo).port}` }), {
    failure: 'certificate',
    code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
  })
})

t.test('the reason is found behind other errors, and behind those of each address', async (t) => {
  const coded = (code: string) => Object.assign(new Error(code), { code })

  t.strictSame(networkFailure(coded('ENOTFOUND')), { failure: 'unresolved', code: 'ENOTFOUND' })
  t.match(networkFailure(new AggregateError([coded('ECONNREFUSED'), coded('ETIMEDOUT')])), { failure: 'refused' })
  t.match(networkFailure(new Error('failed', { cause: coded('CERT_HAS_EXPIRED') })), { failure: 'certificate' })
  t.strictSame(networkFailure(coded('EPIPE')), { failure: 'broken', code: 'EPIPE' })
  t.strictSame(networkFailure(undefined), { failure: 'broken', code: '' })
})

t.test('when the time for all is up, what is under way and what comes after is not asked', async (t) => {
  const end = new AbortController()
  const { url } = await startProvider(t, () => end.abort())
  const probe = startProbe(t, { signal: end.signal })

  t.match(await probe({ url }), { failure: 'not_asked' })
  t.match(await probe({ url }), { failure: 'not_asked' })
})
