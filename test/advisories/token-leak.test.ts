/**
 * A token, a cookie or a code is in a page, a redirect or a log.
 * - GO-2022-0783
 * - GO-2024-2965
 * - mod_auth_openidc 2026-08-07, logs
 */
import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { startEcho } from '../support/echo.ts'
import { freePort } from '../support/free-port.ts'
import { sendRaw } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'

t.test('no token, cookie, code, secret or query is in any log line, whatever goes wrong', async (t) => {
  const lines: string[] = []
  const clock = { at: Date.now() }
  const echo = await startEcho(t)
  const both = { inject: { header: 'X-Tokens', value: '{access_token} {id_token}' } }
  const { origin, control } = await startStack(t, {
    config: {
      log: { level: 'trace' },
      routes: [
        { name: 'tool', path: '/tool', upstream: echo.url, ...both, max_body: '1KB' },
        { name: 'operators', path: '/operators', upstream: echo.url, allow: { groups: ['operators'] } },
        { name: 'gone', path: '/gone', upstream: `http://127.0.0.1:${await freePort()}` },
        { name: 'plain', path: '/plain', upstream: echo.url.replace('http:', 'https:') },
      ],
    },
    now: () => clock.at,
    log: (line) => lines.push(line),
  })
  const browser = createBrowser()
  const secrets = new Set(['local-secret', Buffer.from('1localexample:local-secret').toString('base64'), 'Passw0rd'])
  const remember = (...values: (string | undefined | null)[]) => {
    for (const value of values)
      if (value) for (const part of value.split(/[ .]/)) if (part.length > 8) secrets.add(part)
  }
  const rememberCallback = (address: string) => {
    const { searchParams } = new URL(address)
    remember(searchParams.get('code'), searchParams.get('state'))
  }
  // `toolgate.r` is no secret: it counts how often a page tried again.
  const rememberCookies = () => {
    for (const { name, value } of browser.cookies(origin).values()) if (name !== 'toolgate.r') remember(value)
  }

  // A code that the provider does not take, in each way it can fail.
  for (const fault of [{ status: 503 }, { status: 400 }, { truncate: true }]) {
    const callback = await browser.callbackOf(`${origin}/tool?q=inthequery`)
    rememberCallback(callback)
    rememberCookies()
    await control.fault({ endpoint: 'token', times: 1, ...fault })
    t.ok((await browser.load(callback)).status >= 400)
  }
  await control.client('1localexample', { secrets: ['another-secret'] })
  const refused = await browser.callbackOf(`${origin}/tool?q=inthequery`)
  rememberCallback(refused)
  t.equal((await browser.load(refused)).status, 400)
  await control.client('1localexample', { secrets: ['local-secret'] })

  // A sign-in, and its callback once more.
  const callback = await browser.callbackOf(`${origin}/tool?q=inthequery`)
  rememberCallback(callback)
  t.equal((await browser.open(callback)).status, 200)
  rememberCookies()
  remember(String(echo.received.at(-1)?.headers['x-tokens']))
  t.equal((await browser.open(callback)).status, 200)
  t.equal((await createBrowser().load(`${origin}/oauth/callback?code=foreigncode&state=foreignstate`)).status, 400)
  remember('foreigncode', 'foreignstate')

  // Requests that fail after the session was read.
  const headers = { authorization: 'Bearer frommyclient', 'sec-fetch-site': 'same-origin' }
  remember('frommyclient', 'inthequery', 'inthebody')
  const expected = [
    ['GET', '/operators', 403],
    ['GET', '/gone', 502],
    ['GET', '/plain', 502],
    ['GET', '/none', 404],
    ['GET', '/tool/%2f', 400],
    ['POST', '/tool', 413],
  ] as const
  for (const [method, path, status] of expected) {
    const form = method === 'POST' ? { a: 'inthebody'.repeat(200) } : undefined
    const answer = await browser.send(`${origin}${path}?q=inthequery`, { method, headers, ...(form && { form }) })
    t.equal(answer.status, status, path)
  }
  await sendRaw(origin, ['GET /tool?q=inthequery HTTP/1.1', `Cookie: ${browser.cookieHeader(origin)}`, 'no header'])
  await sendRaw(origin, ['GET /tool?q=inthequery HTTP/1.1', 'Host: other', `Cookie: ${browser.cookieHeader(origin)}`])

  // A refresh that fails, one that works, one that is refused, and the way out.
  for (const fault of [{ status: 500 }, undefined, { status: 400, body: { error: 'invalid_grant' } }]) {
    clock.at += 2 * 3_600_000
    if (fault) await control.fault({ endpoint: 'token', times: 1, ...fault }).catch(() => undefined)
    await browser.send(`${origin}/tool`)
    remember(String(echo.received.at(-1)?.headers['x-tokens']))
  }
  await browser.send(`${origin}/oauth/sign-out`, { method: 'POST', headers })

  const log = lines.join('')
  t.ok(lines.length > 15, `${lines.length} lines`)
  t.ok(secrets.size > 20, `${secrets.size} secrets`)
  for (const code of [
    'provider_unavailable',
    'provider_refused',
    'upstream_unreachable',
    'body_too_large',
    'bad_path',
  ]) {
    t.match(log, code)
  }
  for (const secret of secrets) t.notOk(log.includes(secret), secret)
  t.notMatch(log, /eyJ/, 'the beginning of every JWT')
})

t.test('no token is on a page, in JSON or in a redirect, for who is signed in and for who is not', async (t) => {
  const both = { inject: { header: 'X-Tokens', value: '{access_token} {id_token}' } }
  const echo = await startEcho(t)
  const { origin } = await startStack(t, {
    isDev: true,
    config: {
      routes: [
        { name: 'tool', path: '/tool', upstream: echo.url, ...both },
        { name: 'gone', path: '/gone', upstream: `http://127.0.0.1:${await freePort()}`, ...both },
        { name: 'operators', path: '/operators', upstream: echo.url, allow: { groups: ['operators'] } },
      ],
    },
  })
  const ada = createBrowser()
  const callback = await ada.callbackOf(`${origin}/tool`)
  const answers = [await ada.load(callback)]
  await ada.load(`${origin}/tool`)
  const tokens = String(echo.received.at(-1)?.headers['x-tokens']).split(/[ .]/)
  const paths = ['/', '/me', '/connections', '/sign-out', '/signed-out', '/test', '/callback', '/sign-in']

  for (const path of [...paths.map((page) => `/oauth${page}`), '/gone', '/operators', '/tool/%2f', '/nowhere']) {
    answers.push(await ada.load(origin + path), await ada.send(origin + path))
  }
  answers.push(await ada.load(`${origin}/oauth/sign-out`, { method: 'POST', headers: { origin }, form: {} }))

  t.equal(tokens.length, 6, 'two JWTs')
  for (const { url, body, headers } of answers) {
    const said = body + JSON.stringify(headers)
    for (const token of tokens) t.notOk(token.length > 20 && said.includes(token), url)
    t.notMatch(said, /eyJ/, url)
  }
})
