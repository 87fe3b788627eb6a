/**
 * An address to return to after sign-in leads to another site.
 * - GHSA-4mf2-f3wh-gvf2
 * - GHSA-5m6c-jp6f-2vcv
 * - GHSA-j7px-6hwj-hpjg
 * - GHSA-qqxw-m5fj-f7gv
 * - CVE-2020-5233
 * - CVE-2020-11053
 * - CVE-2020-4037
 * - CVE-2021-32786
 * - GHSA-2pgf-8h6h-gqg2
 * - CVE-2022-23527
 * - express-openid-connect, path
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { sendRaw } from '../support/raw.ts'
import { startGateway, startParts } from '../support/stack.ts'

const { origin, yaml, control, echo } = await startParts(t, { provider: { max_rate: 10_000 } })
const { host } = new URL(origin)
const { cognito } = yaml.providers
await control.client('1localpublic', { callback_urls: [`${origin}/oauth/callback/crm`] })
await startGateway(t, {
  ...yaml,
  log: { level: 'fatal' },
  providers: { cognito, crm: { ...cognito, client_id: '1localpublic', client_secret: undefined } },
})

/** One a line, as JSON writes them; `{origin}` and `{host}` are ours. */
const payloads = readFileSync(fileURLToPath(new URL('../fixtures/open-redirects.txt', import.meta.url)), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line): string => JSON.parse(`"${line}"`))
  .map((line) => line.replaceAll('{origin}', origin).replaceAll('{host}', host))

const ada = createBrowser()
await ada.signIn(`${origin}/tool`)

/** As if nothing had been here before: the gateway forgets, the provider does not ask again. */
function forget(): void {
  for (const name of ada.cookies(origin).keys()) {
    if (name.startsWith('toolgate.') || name === 'toolgate') ada.cookies(origin).delete(name)
  }
}

/** The `Location` of our callback, and where a browser that follows everything ends. */
async function wayBack(start: string | undefined) {
  const isOurs = (location: string) => location.startsWith(`${origin}/oauth/callback`)
  const atCallback = await ada.open(new URL(start ?? '', origin).href, isOurs)
  const callback = new URL(atCallback.location ?? '', atCallback.url)
  const { location = '', headers } = await ada.load(callback.href)
  const strayed: string[] = []
  const isElsewhere = (at: string) => new URL(at).origin !== origin && strayed.push(at) > 0
  const end = isElsewhere(new URL(location, callback).href)
    ? undefined
    : await ada.open(new URL(location, callback).href, isElsewhere)
  return { location, cookies: [headers['set-cookie'] ?? []].flat(), strayed, end }
}

t.test('every address to return to after sign-in ends on our origin', async (t) => {
  t.ok(payloads.length >= 120)
  for (const payload of payloads) {
    forget()
    const start = `/oauth/sign-in?return_to=${encodeURIComponent(payload)}`
    const { location, cookies, strayed, end } = await wayBack(start)
    const name = encodeURIComponent(payload)

    t.match(location, /^\/(?![/\\])[\x21-\x7e]*$/, `${name}: a path, and nothing a browser could read in another way`)
    t.strictSame(strayed, [], name)
    t.ok(end?.url.startsWith(`${origin}/`) && end.status < 500, `${name}: ${end?.status} at ${end?.url}`)
    t.notOk(
      cookies.some((line) => line.includes('evil.')),
      name,
    )
  }
})

t.test('sent as they are, without encoding, they end here too', async (t) => {
  const plain = payloads.filter((payload) => /^[\x21-\x7e]+$/.test(payload) && !payload.includes('#'))

  t.ok(plain.length > 80)
  for (const payload of plain) {
    forget()
    const start = await ada.load(origin, { path: `/oauth/sign-in?return_to=${payload}` })
    if (start.status === 400) continue
    const { location, strayed } = await wayBack(start.location)

    t.match(location, /^\/(?![/\\])[\x21-\x7e]*$/, payload)
    t.strictSame(strayed, [], payload)
  }
})

t.test('every address to return to after connecting ends on our origin', async (t) => {
  forget()
  await ada.open(`${origin}/tool`)
  for (const payload of payloads) {
    const query = `?return_to=${encodeURIComponent(payload)}`
    const connect = `${origin}/oauth/connections/crm/connect${query}`
    const start = await ada.load(connect, { method: 'POST', headers: { origin }, form: {} })
    const { location, strayed } = await wayBack(start.location)

    t.match(location, /^\/(?![/\\])[\x21-\x7e]*$/, query)
    t.strictSame(strayed, [], query)
  }
})

t.test('a path that begins like another host is no path, and becomes no address to return to', async (t) => {
  for (const target of [
    '//evil.example',
    '//evil.example/x',
    '/\\evil.example',
    '///evil.example',
    '/tool//evil.example',
  ]) {
    const { status, headers } = await sendRaw(origin, [`GET ${target} HTTP/1.1`, `Host: ${host}`, 'Accept: text/html'])
    t.equal(status, 400, target)
    t.notOk(headers.has('location'), target)
  }
})

t.test('of two addresses neither leads away, and no other parameter is one', async (t) => {
  const evil = '//evil.example'
  const others = ['rd', 'redirect', 'redirect_uri', 'target_link_uri', 'next', 'url', 'returnTo', 'continue']

  for (const query of [
    `return_to=/tool&return_to=${evil}`,
    ...others.map((name) => `${name}=${evil}&return_to=/tool`),
  ]) {
    forget()
    const { location } = await wayBack(`/oauth/sign-in?${query}`)
    t.equal(location, '/tool', query)
  }
})

t.test('path and query are come back to as they were asked for', async (t) => {
  const address = '/tool/a%20b/c?q=1&q=2&empty=&plus=a+b&encoded=%2F%26%3D%C3%BC&slash=a/b'

  await createBrowser().signIn(origin + address)

  t.equal(echo.received.at(-1)?.url, address)
})
