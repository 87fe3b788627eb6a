import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { freePort } from '../support/free-port.ts'
import { createHostBrowser, startHosts } from '../support/hosts.ts'
import { startRedis } from '../support/redis.ts'
import { startGateway } from '../support/stack.ts'

const minute = 60_000

async function start(t: Test, config: Record<string, unknown> = {}) {
  const parts = await startHosts(t)
  const clock = { ahead: 0 }
  const lines: string[] = []
  const yaml = { ...parts.yaml, log: { level: 'info' }, ...config }
  const now = () => Date.now() + clock.ahead
  await startGateway(t, yaml, { now, log: (line) => lines.push(line) })
  const browser = createHostBrowser()

  /** Up to the address that hands over, which is not opened. */
  async function handOverOf(url: string, from = browser): Promise<string> {
    const answer = await from.open(url, (location) => location.includes('/oauth/hand-over'))
    if (!answer.location?.includes('/oauth/hand-over')) throw new Error(`${answer.status} at ${answer.url}`)
    return answer.location
  }

  return { ...parts, yaml, clock, now, lines, browser, handOverOf }
}

const isSignedIn = async (browser: ReturnType<typeof createHostBrowser>, origin: string) =>
  (await browser.send(`${origin}/oauth/me`)).status === 200

t.test('somebody who opens a tool on another host signs in once, and gets to where they wanted', async (t) => {
  const { origin, reports, wiki, browser, control } = await start(t)

  const first = await browser.signIn(`${reports}/tool/a?b=c&d=%20e`)
  const { counts: before } = await control.log()
  const second = await browser.open(`${wiki}/page`)
  const third = await browser.open(`${origin}/tool`)

  t.match(first, { url: `${reports}/tool/a?b=c&d=%20e`, status: 200 })
  t.match(JSON.parse(first.body), { url: '/tool/a?b=c&d=%20e', headers: { authorization: /^Bearer / } })
  t.match(second, { url: `${wiki}/page`, status: 200 })
  t.match(third, { url: `${origin}/tool`, status: 200 })
  t.equal((await control.log()).counts.authorize, before.authorize, 'the provider is not asked again')
  const ids = [origin, reports, wiki].map((host) => browser.cookies(host).get('toolgate')?.value)
  t.equal(new Set(ids).size, 3, 'each host has a session of its own')
  t.match(JSON.parse((await browser.send(`${reports}/oauth/me`)).body), { provider: 'cognito' })
})

t.test('a cookie of one host says nothing at another', async (t) => {
  const { origin, reports, wiki, browser } = await start(t)
  await browser.signIn(`${reports}/tool`)
  const cookieAt = (host: string) => `toolgate=${browser.cookies(host).get('toolgate')?.value}`

  const stranger = createHostBrowser()
  const answers = await Promise.all([
    stranger.send(`${wiki}/page`, { headers: { cookie: cookieAt(reports) } }),
    stranger.send(`${origin}/tool`, { headers: { cookie: cookieAt(reports) } }),
    stranger.send(`${reports}/tool`, { headers: { cookie: cookieAt(origin) } }),
    stranger.send(`${reports}/oauth/me`, { headers: { cookie: cookieAt(origin) } }),
  ])
  const own = await stranger.send(`${reports}/tool`, { headers: { cookie: cookieAt(reports) } })

  t.strictSame(
    answers.map(({ status }) => status),
    [401, 401, 401, 401],
  )
  t.equal(own.status, 200)
})

t.test('a hand-over code works once, for a minute, on its host, and in the browser it was made for', async (t) => {
  const { reports, wiki, clock, lines, browser, handOverOf } = await start(t)
  await browser.signIn(`${wiki}/`)
  const attacker = createHostBrowser()
  await attacker.signIn(`${wiki}/`, 'grace')

  const code = await handOverOf(`${reports}/tool/a`)
  t.match(new URL(code), { origin: reports, pathname: '/oauth/hand-over' })
  const elsewhere = await browser.load(code.replace(reports, wiki))
  const stolen = await attacker.load(code)
  const known = await createHostBrowser().load(code)
  const used = await browser.load(code)
  const again = await browser.load(code)
  const late = await handOverOf(`${reports}/oauth/sign-in?return_to=/tool/b`)
  clock.ahead += minute
  const tooLate = await browser.load(late)
  // Somebody else's code, opened by a victim who is on the way to sign in, too.
  await browser.load(`${reports}/oauth/sign-in?return_to=/tool/a`)
  const login = await browser.load(await handOverOf(`${reports}/tool/a`, attacker))

  for (const refused of [elsewhere, stolen, known, again, tooLate, login]) {
    t.equal(refused.status, 400)
    t.match(refused.body, 'attempt_unknown')
    t.match(refused.body, /href="\/oauth\/sign-in"/, 'there is a way to try again')
    t.notOk(refused.headers['set-cookie']?.includes('toolgate='))
  }
  t.match(used, { status: 302, location: '/tool/a' })
  t.match(used.headers['set-cookie'], /^toolgate=[\w.-]+; .*HttpOnly/)
  t.notMatch(String(used.headers['set-cookie']), /domain/i)
  const audited = lines.filter((line) => line.includes('"hand_over"'))
  t.equal(audited.length, 6)
  const sent = [code, late].map((url) => new URL(url).searchParams.get('code') ?? '')
  t.notOk(
    lines.some((line) => sent.some((secret) => line.includes(secret))),
    'no code is in a log',
  )
})

t.test('an attempt of public_url is finished at no other host', async (t) => {
  const { origin, reports, browser, control } = await start(t)
  const callback = await browser.callbackOf(`${origin}/tool`)

  const answer = await createHostBrowser().load(callback.replace(origin, reports), {
    headers: { cookie: browser.cookieHeader(origin) },
  })

  t.equal(answer.status, 400)
  t.match(answer.body, 'attempt_unknown')
  t.equal((await control.log()).counts.token, 0)
})

t.test('what a browser says on the way about where it wants to go changes nothing', async (t) => {
  const { origin, reports, wiki, browser } = await start(t)
  await browser.signIn(`${origin}/tool`)
  const toPublicUrl = async (returnTo: string) => {
    const left = await browser.load(`${reports}/oauth/sign-in?return_to=/tool/a`)
    const url = new URL(left.location ?? '')
    t.equal(url.origin, origin)
    url.searchParams.set('return_to', returnTo)
    return browser.load(url.href)
  }

  const another = await toPublicUrl(`${reports}/tool/b`)
  const refused = await browser.load(another.location ?? '')
  const evil = await toPublicUrl('https://evil.example/tool/a')
  const user = await toPublicUrl(`${reports.replace('//', '//evil@')}/tool/a`)
  const other = await browser.load((await toPublicUrl(`${wiki}/tool/a`)).location ?? '')

  t.equal(new URL(another.location ?? '').origin, reports)
  t.equal(refused.status, 400)
  t.match(refused.body, 'attempt_unknown')
  for (const { location = '' } of [evil, user]) t.notMatch(location, /evil|hand-over/)
  t.equal(other.status, 400, 'a host takes no attempt of another')
})

t.test('return_to may be at any host of the config, and nowhere else', async (t) => {
  const { origin, reports, wiki, browser } = await start(t)
  const leads = async (url: string) => (await browser.load(url)).location ?? ''

  t.equal(
    await leads(`${origin}/oauth/sign-in?return_to=${reports}/tool/a%3Fb`),
    `${reports}/oauth/sign-in?return_to=${encodeURIComponent('/tool/a?b')}`,
  )
  t.equal(await leads(`${wiki}/oauth/sign-in?return_to=${reports}/`), `${reports}/oauth/sign-in?return_to=%2F`)
  t.equal(await leads(`${wiki}/oauth/sign-in?return_to=${origin}/tool`), `${origin}/oauth/sign-in?return_to=%2Ftool`)
  for (const evil of ['https://evil.example/', '//evil.example', `${reports}.evil.example/`, `blob:${reports}/x`]) {
    const asked = new URLSearchParams({ return_to: evil })
    for (const host of [origin, reports]) t.notMatch(await leads(`${host}/oauth/sign-in?${asked}`), /evil|blob/, evil)
  }
  t.equal((await browser.load(`${origin}/tool`, { headers: { host: 'evil.localhost' } })).status, 421)
})

t.test('signing out on one host ends the session on all of them', async (t) => {
  const { origin, reports, wiki, browser } = await start(t)
  const hosts = [origin, reports, wiki]
  for (const here of hosts) {
    await browser.signIn(`${reports}/tool/${here.length}`)
    await browser.open(`${wiki}/${here.length}`)
    for (const host of hosts) t.ok(await isSignedIn(browser, host), host)

    const answer = await browser.load(`${here}/oauth/sign-out`, {
      method: 'POST',
      headers: { origin: here, 'sec-fetch-site': 'same-origin' },
    })

    t.match(answer.location, /\/logout\?/)
    for (const host of hosts) t.notOk(await isSignedIn(browser, host), `${host} after ${here}`)
    const { body } = await browser.open(answer.location ?? '')
    t.match(body, 'You are signed out')
    t.equal(body.includes('Your sessions in other browsers'), here === origin, 'no more than is known there')
  }
})

t.test('one browser is listed once, and ending it from another ends it on every host', async (t) => {
  const { origin, reports, wiki, browser } = await start(t)
  await browser.signIn(`${reports}/tool`)
  await browser.open(`${wiki}/page`)
  const other = createHostBrowser()
  await other.signIn(`${origin}/tool`)

  const page = await other.open(`${wiki}/oauth/connections`)
  const [, end = ''] = /action="([^"]*\/sessions\/[^"]*\/end)"/.exec(page.body) ?? []
  await other.load(new URL(end, origin).href, { method: 'POST', headers: { 'sec-fetch-site': 'same-origin' } })

  t.equal(page.url, `${origin}/oauth/connections`, 'the page is at public_url')
  t.equal(page.body.match(/\/sessions\/[^"]*\/end/g)?.length, 1)
  for (const host of [origin, reports, wiki]) t.notOk(await isSignedIn(browser, host), host)
  t.ok(await isSignedIn(other, origin))
})

t.test('who works on one host stays signed in on all, and nobody longer than the sign-in lasts', async (t) => {
  const config = { sessions: { idle: '10m', absolute: '30m' } }
  const { origin, reports, wiki, browser, clock } = await start(t, config)
  await browser.signIn(`${reports}/tool`)
  await browser.open(`${wiki}/page`)

  for (const _ of [1, 2, 3]) {
    clock.ahead += 8 * minute
    t.ok(await isSignedIn(browser, reports))
  }
  t.ok(await isSignedIn(browser, wiki))
  t.ok(await isSignedIn(browser, origin))
  clock.ahead += 7 * minute

  for (const host of [origin, reports, wiki]) t.notOk(await isSignedIn(browser, host), host)
})

t.test('over two replicas with one Redis each step may meet another one', async (t) => {
  const redis = await startRedis(t)
  const shared = { store: { url: redis.url }, encryption_keys: [randomBytes(32).toString('base64')] }
  const { origin, reports, wiki, yaml, control, browser, handOverOf } = await start(t, shared)
  const listen = { host: '127.0.0.1', port: await freePort() }
  await startGateway(t, { ...yaml, listen, log: { level: 'fatal' } })
  await browser.signIn(`${wiki}/`)

  const code = new URL(await handOverOf(`${reports}/tool/a`))
  const cookie = browser.cookieHeader(reports)
  const other = `http://127.0.0.1:${listen.port}`
  const headers = { host: code.host, cookie }
  const receiving = [1, 2, 3, 4].map((at) =>
    createHostBrowser().load((at % 2 ? other : reports) + code.pathname + code.search, { headers }),
  )
  const answers = await Promise.all(receiving)
  const taken = answers.find(({ status }) => status === 302)
  const [, session] = /toolgate=([^;]+)/.exec(String(taken?.headers['set-cookie'])) ?? []
  const asThere = { headers: { host: code.host, cookie: `toolgate=${session}` } }
  const before = await createHostBrowser().send(`${other}/tool`, asThere)
  await browser.load(`${wiki}/oauth/sign-out?everywhere=true`, {
    method: 'POST',
    headers: { origin: wiki, 'sec-fetch-site': 'same-origin' },
  })
  const after = await createHostBrowser().send(`${reports}/tool`, asThere)

  t.strictSame(answers.map(({ status }) => status).toSorted(), [302, 400, 400, 400], 'it is taken once')
  t.equal(before.status, 200)
  t.equal(after.status, 401)
  t.equal((await control.log()).counts.token, 1)
  t.notOk(await isSignedIn(browser, origin))
})

t.test('on https the cookies of a host are of that host alone', async (t) => {
  const { yaml } = await startHosts(t)
  const listen = { host: '127.0.0.1', port: await freePort() }
  const routes = [{ name: 'b', host: 'b.acme.io', path: '/tool', upstream: 'http://127.0.0.1:9' }]
  await startGateway(t, { ...yaml, listen, routes, public_url: 'https://a.acme.io', log: { level: 'fatal' } })

  const { headers, location } = await createHostBrowser().load(`http://127.0.0.1:${listen.port}/oauth/sign-in`, {
    headers: { host: 'b.acme.io' },
  })

  t.match(location, 'https://a.acme.io/oauth/sign-in?hand_over=')
  t.match(
    headers['set-cookie'],
    /^__Host-toolgate\.a\.[\w-]{43}=[\w-]+; Max-Age=3600; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
  )
})
