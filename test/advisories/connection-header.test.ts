/**
 * `Connection` names headers: those of one connection get through, or those that the gateway vouches for are lost.
 * - GHSA-79qm-7rj5-m7r9
 */
import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { receivedBy, startEcho } from '../support/echo.ts'
import { sendRaw } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'
import { startTool } from '../support/tool.ts'

const echo = await startEcho(t)
/** Names in `Connection` what would keep its answer from being shared. */
const naming = await startTool(t, (_request, response) => {
  response.writeHead(200, [
    ...['Connection', 'X-Named, keep-alive', 'Connection', 'Cache-Control, vary', 'X-Named', 'evil'],
    ...['Keep-Alive', 'timeout=99', 'Cache-Control', 'public', 'Vary', 'Accept', 'Set-Cookie', 'toolgate=evil'],
  ])
  response.end('body')
})
const at = (name: string, more: object = {}) => ({ name, path: `/${name}`, upstream: echo.url, ...more })
const { origin } = await startStack(t, {
  config: {
    routes: [
      at('tool'),
      at('own', {
        inject: { header: 'X-Api-Token', value: 'Token {access_token}' },
        identity_headers: { 'X-Webauth-User': '{email}' },
      }),
      at('naming', { upstream: naming.url }),
    ],
  },
})
const { host } = new URL(origin)
const browser = createBrowser()
await browser.signIn(`${origin}/tool`)
const ours = `Cookie: ${browser.cookieHeader(origin)}`

const received = receivedBy(origin, echo)

t.test('headers of one connection end here, and so do those that Connection names', async (t) => {
  const lines = [
    'Connection: close, X-Named, TE',
    'Connection: x-also',
    'X-Named: evil',
    'X-Also: evil',
    'X-Fine: kept',
  ]
  const alone = ['TE: trailers', 'Keep-Alive: timeout=9', 'Proxy-Connection: x', 'Proxy-Authorization: evil']
  const more = ['Proxy-Authenticate: evil', 'Trailer: X-Named', 'Upgrade: h2c']

  const headers = await received(t, '/tool', ours, ...lines, ...alone, ...more)

  t.notMatch(JSON.stringify(headers), /evil|h2c|trailers|timeout/)
  t.equal(headers['x-fine'], 'kept')
})

t.test('Connection cannot take away what we inject', async (t) => {
  const identity = 'authorization, cookie, X-Forwarded-User, x-forwarded-email, x-api-token, x-webauth-user'
  const names = `${identity}, x-forwarded-for, forwarded, host`

  const tool = await received(t, '/tool', ours, `Connection: close, ${names}`)
  const own = await received(t, '/own', ours, `Connection: close, ${names}`)

  t.match(tool.authorization, /^Bearer eyJ/)
  t.match(tool['x-forwarded-user'], /^cognito:/)
  t.equal(tool['x-forwarded-email'], 'ada@example.com')
  t.equal(tool['x-forwarded-for'], '127.0.0.1')
  t.equal(tool.host, new URL(echo.url).host)
  t.match(own['x-api-token'], /^Token eyJ/)
  t.equal(own['x-webauth-user'], 'ada@example.com')
})

t.test('headers of one connection of the upstream end here, and none that we add', async (t) => {
  const { headers } = await sendRaw(origin, ['GET /naming HTTP/1.1', `Host: ${host}`, ours])

  t.notOk(headers.has('x-named'))
  t.notOk(headers.has('set-cookie'))
  t.notMatch(headers.get('keep-alive') ?? [], ['timeout=99'])
  t.notMatch(headers.get('connection') ?? [], [/named/i])
  t.same(headers.get('cache-control'), ['private'])
  t.same(headers.get('vary'), ['Cookie, Authorization'])
})
