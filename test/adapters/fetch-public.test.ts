import t from 'tap'
import { createFetchPublic, type Internet } from '../../src/adapters/fetch-public.ts'
import { isPublicAddress } from '../../src/adapters/public-addresses.ts'
import { certificate } from '../support/certificates.ts'
import { sendJson, startPublicHost } from '../support/public-host.ts'
import { startTool } from '../support/tool.ts'

const host = await startPublicHost(t, 400)
host.put('/client', { hello: 'there' })

const fetchPublic = (address: string, changes: Partial<Internet> = {}) =>
  createFetchPublic({ ...host.internet, ...changes })(address)

t.test('a document of a public host comes as it is', async (t) => {
  const { text } = await fetchPublic(host.at('/client'))

  t.same(JSON.parse(text), { hello: 'there' })
})

t.test('how long it may be kept is what its host says, or unknown', async (t) => {
  const said: readonly (readonly [Record<string, string>, number | undefined])[] = [
    [{}, undefined],
    [{ 'cache-control': 'public, max-age=300' }, 300_000],
    [{ 'cache-control': 'max-age="60"', age: '20' }, 40_000],
    [{ 'cache-control': 'max-age=10', age: '20' }, 0],
    [{ 'cache-control': 'no-store, max-age=300' }, 0],
    [{ 'cache-control': 'no-cache' }, 0],
  ]
  for (const [headers, expected] of said) {
    host.put('/kept', (_request, response) => sendJson(response, {}, headers))

    t.equal((await fetchPublic(host.at('/kept'))).maxAgeMs, expected, JSON.stringify(headers))
  }
})

t.test('JSON counts under its names, and nothing else does', async (t) => {
  for (const type of ['application/json; charset=utf-8', 'application/jwk-set+json', 'Application/JSON']) {
    host.put('/type', (_request, response) => sendJson(response, {}, { 'content-type': type }))
    t.equal((await fetchPublic(host.at('/type'))).text, '{}', type)
  }
  for (const type of ['text/html', 'text/plain', 'application/jsonp', 'image/png']) {
    host.put('/type', (_request, response) => sendJson(response, {}, { 'content-type': type }))
    await t.rejects(fetchPublic(host.at('/type')), /does not answer with JSON/, type)
  }
})

t.test('only 200 is a document', async (t) => {
  for (const status of [201, 204, 404, 500]) {
    host.put('/status', (_request, response) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(status === 204 ? undefined : '{}')
    })

    await t.rejects(fetchPublic(host.at('/status')), { message: `tool.internal answers with status ${status}` })
  }
})

t.test('what comes with a refusal, or before an answer, is not waited for', async (t) => {
  host.put('/endless', (_request, response) => {
    response.writeHead(500, { 'content-type': 'application/json' })
    const fill = setInterval(() => response.write('x'.repeat(16_384)), 1)
    response.on('close', () => clearInterval(fill))
  })
  host.put('/headers', (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'x-much': 'x'.repeat(20_000) }).end('{}')
  })

  await t.rejects(fetchPublic(host.at('/endless'), { timeoutMs: 60_000 }), /status 500/)
  await t.rejects(fetchPublic(host.at('/headers')), { code: 'UND_ERR_HEADERS_OVERFLOW' })
})

t.test('a redirect is not followed', async (t) => {
  for (const status of [301, 302, 303, 307, 308]) {
    host.put('/moved', (_request, response) => void response.writeHead(status, { location: '/client' }).end())
    const before = host.asked('/client')

    await t.rejects(fetchPublic(host.at('/moved')), { message: `tool.internal answers with status ${status}` })
    t.equal(host.asked('/client'), before)
  }
})

t.test('no more than 64 KB are read, whatever the host announces', async (t) => {
  const body = JSON.stringify('x'.repeat(64 * 1024 - 2))
  for (const [text, isTaken] of [
    [body, true],
    [`${body} `, false],
  ] as const) {
    for (const length of [undefined, Buffer.byteLength(text)]) {
      host.put('/large', (_request, response) => {
        const announced = length === undefined ? {} : { 'content-length': length }
        response.writeHead(200, { 'content-type': 'application/json', ...announced }).end(text)
      })
      const fetching = fetchPublic(host.at('/large'), { timeoutMs: 5_000 })

      if (isTaken) t.equal((await fetching).text.length, 64 * 1024)
      else await t.rejects(fetching, { code: 'UND_ERR_RES_EXCEEDED_MAX_SIZE' })
    }
  }
})

t.test('a host has one time for all: name, connection, headers and body', async (t) => {
  const silent = await startTool(t, () => undefined)
  host.put('/mute', () => undefined)
  host.put('/drip', (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    const drip = setInterval(() => response.write(' '), 50)
    response.on('close', () => clearInterval(drip))
  })
  const slow: Record<string, Promise<unknown>> = {
    'a body that never ends': fetchPublic(host.at('/drip')),
    'no answer': fetchPublic(host.at('/mute')),
    'no handshake': fetchPublic(`https://tool.internal:${silent.port}/client`),
    'no address': fetchPublic(host.at('/client'), { resolve: () => new Promise(() => undefined) }),
  }
  const start = performance.now()

  await Promise.all(Object.entries(slow).map(([what, fetching]) => t.rejects(fetching, what)))

  t.ok(performance.now() - start < 1_500)
})

t.test('the certificate has to be good for the name', async (t) => {
  const resolve = async () => ['127.0.0.1']
  const tls = { key: certificate('self-signed.key'), cert: certificate('self-signed.pem') }
  const selfSigned = await startTool(t, (_request, response) => sendJson(response, {}), tls)

  await t.rejects(fetchPublic(`https://other.internal:${host.port}/client`, { resolve }), {
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  })
  await t.rejects(fetchPublic(`https://tool.internal:${selfSigned.port}/client`), { code: /SELF_SIGNED/ })
})

t.test('a name that leads inside is not connected to, not even when it leads outside as well', async (t) => {
  const inside = ['10.0.0.5', '127.0.0.1', '169.254.169.254', '::1', 'fd00::5', '::ffff:10.0.0.5']
  for (const address of inside) {
    for (const addresses of [[address], ['203.0.114.1', address], [address, '2606:4700::1']]) {
      const fetching = fetchPublic(host.at('/inside'), { resolve: async () => addresses, isPublic: isPublicAddress })

      await t.rejects(fetching, { message: `tool.internal leads to ${address}, which is not public` })
    }
  }
  t.equal(host.asked('/inside'), 0)
  await t.rejects(fetchPublic(host.at('/inside'), { resolve: async () => [] }), /leads nowhere/)
})

t.test('a name is resolved once: what it leads to after it was checked does not count', async (t) => {
  const answers = [['127.0.0.1'], ['127.0.0.2']]
  const resolve = t.captureFn(async () => answers.shift() ?? [])
  const isPublic = t.captureFn((address: string) => address === '127.0.0.1')

  const { text } = await fetchPublic(host.at('/client'), { resolve, isPublic })

  t.match(text, 'there', 'from the address that was checked')
  t.equal(resolve.calls.length, 1)
  t.same(
    isPublic.calls.map(({ args }) => args),
    [['127.0.0.1']],
  )
})

t.test('only https, a host name, and the port of https or a high one are asked', async (t) => {
  const resolve = t.captureFn(async () => ['127.0.0.1'])
  const addresses = [
    `http://tool.internal:${host.port}/client`,
    `https://127.0.0.1:${host.port}/client`,
    `https://2130706433:${host.port}/client`,
    `https://[::1]:${host.port}/client`,
    `https://[::ffff:127.0.0.1]:${host.port}/client`,
    'https://tool.internal:22/client',
    'https://tool.internal:80/client',
    'ftp://tool.internal/client',
  ]
  for (const address of addresses) await t.rejects(fetchPublic(address, { resolve }), address)

  t.equal(resolve.calls.length, 0)
})
