import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import fc from 'fast-check'
import t from 'tap'
import { startEcho } from '../support/echo.ts'
import { sendRaw } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'
import { callbackQuery, cookies, headerName, headerValue, returnAddress, sendableTarget } from './arbitraries.ts'
import { decoded } from './decoded.ts'
import { runs } from './runs.ts'

/** Behind each route a tool of its own: where a request arrives is what was decided. */
const tools = {
  '/': await startEcho(t),
  '/open': await startEcho(t),
  '/open/deep': await startEcho(t),
  '/closed': await startEcho(t),
}
const { origin, control } = await startStack(t, {
  config: {
    routes: Object.entries(tools).map(([path, { url }]) => ({
      ...{ name: path.replaceAll('/', '-').slice(1) || 'rest', path, upstream: url },
      access: path === '/closed' ? 'signed_in' : 'public',
    })),
  },
})
const { host, port } = new URL(origin)
const prefixes = Object.keys(tools).sort((a, b) => b.length - a.length)
const received = () => Object.values(tools).reduce((sum, tool) => sum + tool.received.length, 0)
const get = (target: string, ...lines: string[]) =>
  sendRaw(origin, [`GET ${target} HTTP/1.1`, `Host: ${host}`, ...lines])

/** A property of what comes back, or does not within two seconds. */
const check = <T>(arbitrary: fc.Arbitrary<T>, holds: (value: T) => Promise<boolean>, usual: number) =>
  fc.assert(fc.asyncProperty(arbitrary, holds), { ...runs(usual), timeout: 5_000 })

t.test('the route that was decided on is where a request arrives, by its path', async () => {
  await check(
    sendableTarget,
    async (target) => {
      const before = Object.values(tools).map((tool) => tool.received.length)
      const { status } = await get(target)
      const arrivals = Object.entries(tools).flatMap(([path, tool], i) =>
        tool.received.slice(before[i]).map(({ url }) => ({ path, url })),
      )
      if (arrivals.length === 0) return [302, 400, 401, 404, 200].includes(status)
      const [{ path, url } = { path: '', url: '' }] = arrivals
      // As the tool reads it.
      const reached = decoded(url.split('?')[0] ?? '')
      const expected = prefixes.find(
        (prefix) => prefix === '/' || reached === prefix || reached.startsWith(`${prefix}/`),
      )

      return arrivals.length === 1 && status === 200 && path === expected && path !== '/closed'
    },
    400,
  )
})

t.test('whatever the headers are, a request is answered, and opens nothing', async () => {
  await check(
    fc.array(fc.tuple(headerName, headerValue), { maxLength: 8 }),
    async (headers) => {
      // These say how the bytes after them are to be read.
      const lines = headers.filter(
        ([name]) => !/^(host|connection|content-length|transfer-encoding|expect|upgrade)$/i.test(name),
      )
      const before = tools['/closed'].received.length
      const sent = lines.map(([name, value]) => `${name}: ${value}`)
      const [open, closed] = [await get('/open', ...sent), await get('/closed', ...sent)]

      return (
        open.status < 500 && closed.status < 500 && closed.status !== 200 && tools['/closed'].received.length === before
      )
    },
    200,
  )
})

t.test('whatever the cookies are, nobody is signed in, and nothing fails', async () => {
  await check(
    cookies,
    async (pairs) => {
      const line = `Cookie: ${pairs.map(([name, value]) => `${name}=${value}`).join('; ')}`
      const statuses = []
      for (const path of ['/closed', '/oauth/me', '/oauth/', '/oauth/sign-in'])
        statuses.push((await get(path, line)).status)

      return statuses[0] === 401 && statuses[1] === 401 && statuses.every((status) => status < 500)
    },
    100,
  )
})

t.test('whatever comes back to the callback, it is a page or problem, and no provider is asked', async () => {
  await check(
    fc.tuple(callbackQuery, cookies),
    async ([query, pairs]) => {
      const line = `Cookie: ${pairs.map(([name, value]) => `${name}=${value}`).join('; ')}`
      const { status, headers } = await get(`/oauth/callback?${query}`, line)

      return status === 400 && !headers.has('location')
    },
    200,
  )
  t.equal((await control.log()).counts.token, 0)
})

t.test('whatever is asked to be returned to, the way leads to the provider first', async () => {
  await check(
    returnAddress.map((address) => address.replace(/[\ud800-\udfff]/g, '')),
    async (address) => {
      const { status, headers } = await get(`/oauth/sign-in?return_to=${encodeURIComponent(address)}`)

      return status === 302 && /^http:\/\/[\w.:]+\/oauth2\/authorize\?/.test(headers.get('location')?.[0] ?? '')
    },
    150,
  )
})

t.test('whatever the bytes are, they are answered or the connection ends', async () => {
  const before = received()
  const noise = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))
  const broken = fc
    .tuple(sendableTarget, fc.constantFrom('HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', ''), headerName, headerValue, noise)
    .map(([target, version, name, value, bytes]) => {
      const head = `GET /closed${target} ${version}\r\nHost: ${host}\r\n${name}: ${value}\r\nContent-Length: 0\r\n`
      return Buffer.concat([Buffer.from(head, 'latin1'), bytes, Buffer.from('\r\n\r\n')])
    })
  await check(
    fc.oneof(noise, broken),
    async (bytes) => {
      const socket = connect(Number(port), '127.0.0.1')
      await once(socket, 'connect')
      socket.on('error', () => undefined)
      socket.end(bytes)
      const answer = await text(socket).catch(() => '')

      return answer === '' || /^HTTP\/1\.1 [34]\d\d /.test(answer)
    },
    200,
  )
  t.equal(received(), before)
  t.equal((await get('/open')).status, 200)
})
