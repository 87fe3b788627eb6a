/**
 * What a browser keeps for us is changed, exchanged or opened with another key, and taken all the same; or the way it is
 * refused says something of what is in it.
 * - GO-2024-3179
 * - CVE-2023-35941
 * - CVE-2026-47775
 * - envoy 1.37.3 notes
 */
import { randomBytes } from 'node:crypto'
import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { freePort } from '../support/free-port.ts'
import { startGateway, startParts } from '../support/stack.ts'

const { origin, yaml, control } = await startParts(t)
const keys = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')] as const
await startGateway(t, { ...yaml, encryption_keys: [keys[0]], log: { level: 'fatal' } })

const callback = await begun()

/** A sign-in that has come back from the provider: its callback, not yet opened, and its cookie. */
async function begun() {
  const browser = createBrowser()
  const url = await browser.callbackOf(`${origin}/tool`)
  const [name = '', { value = '' } = {}] =
    [...browser.cookies(origin)].find(([cookie]) => cookie.startsWith('toolgate.a.')) ?? []
  return { url, name, value, state: new URL(url).searchParams.get('state') ?? '' }
}

const stranger = createBrowser()
const tokenCalls = async () => (await control.log()).counts.token

/** The answer to our callback with exactly this `Cookie` header, but for what differs each time. */
async function answerTo(cookie: string, url = callback.url) {
  const { status, body, headers } = await stranger.send(url, { headers: { cookie, accept: 'application/json' } })
  const { request_id: _, ...problem } = JSON.parse(body || '{}')
  return { status, problem, cookies: headers['set-cookie'] }
}

t.test('a cookie that was changed anywhere is as good as none, and every change has one answer', async (t) => {
  const { name, value } = callback
  const none = await answerTo('')
  const calls = await tokenCalls()
  const bytes = Buffer.from(value, 'base64url')
  const changed = Array.from({ length: bytes.length }, (_, i) => {
    const copy = Buffer.from(bytes)
    copy[i] = (copy[i] ?? 0) ^ (1 << (i % 8))
    return copy.toString('base64url')
  })
  const cut = [1, 12, 16, 28, 40, bytes.length - 1].map((length) => bytes.subarray(0, length).toString('base64url'))
  const longer = [Buffer.concat([bytes, Buffer.from([0])]), Buffer.concat([bytes, bytes.subarray(-16)])]

  t.equal(none.status, 400)
  t.equal(none.problem.code, 'attempt_unknown')
  for (const forged of [
    ...changed,
    ...cut,
    ...longer.map((buffer) => buffer.toString('base64url')),
    '',
    'x',
    '.',
    '%',
  ]) {
    t.same(await answerTo(`${name}=${forged}`), none, forged.slice(0, 40))
  }
  t.equal(await tokenCalls(), calls)
})

t.test('no cookie stands in for another: not under another name, not for another purpose', async (t) => {
  const browser = createBrowser()
  const second = await begun()
  await browser.signIn(`${origin}/tool`)
  const ours = Object.fromEntries([...browser.cookies(origin)].map(([name, { value }]) => [name, value]))
  const calls = await tokenCalls()

  t.equal((await answerTo(`${callback.name}=${second.value}`)).status, 400, 'that of another attempt')
  t.equal((await answerTo(`${callback.name}=${ours['toolgate.u']}`)).status, 400, 'the list of used ids')
  t.equal((await answerTo(`${callback.name}=${ours.toolgate}`)).status, 400, 'the session')
  t.equal((await answerTo(`toolgate.u=${callback.value}`)).status, 400, 'an attempt as the list of used ids')
  for (const value of [callback.value, ours['toolgate.u']]) {
    const { status } = await stranger.send(`${origin}/tool`, { headers: { cookie: `toolgate=${value}` } })
    t.equal(status, 401)
  }
  t.equal(await tokenCalls(), calls)
})

t.test('the two parts of a session belong together', async (t) => {
  const [ada, grace] = [createBrowser(), createBrowser()]
  await ada.signIn(`${origin}/tool`, 'ada')
  await grace.signIn(`${origin}/tool`, 'grace')
  const [adas = '', adasId = ''] = ada.cookies(origin).get('toolgate')?.value.split('.') ?? []
  const [graces = '', gracesId = ''] = grace.cookies(origin).get('toolgate')?.value.split('.') ?? []
  const slid = [`${adas}${adasId[0]}.${adasId.slice(1)}`, `${adas.slice(0, -1)}.${adas.at(-1)}${adasId}`]

  for (const value of [`${adas}.${gracesId}`, `${graces}.${adasId}`, `${adas}.`, `.${adasId}`, adas, adasId, ...slid]) {
    const { status } = await stranger.send(`${origin}/tool`, { headers: { cookie: `toolgate=${value}` } })
    t.equal(status, 401, value)
  }
})

t.test('what another key sealed is as good as none', async (t) => {
  const port = await freePort()
  const listen = { host: '127.0.0.1', port }
  await startGateway(t, { ...yaml, listen, encryption_keys: [keys[1]], log: { level: 'fatal' } })
  const { host } = new URL(origin)

  for (let i = 0; i < 8; i++) {
    const browser = createBrowser()
    const url = new URL(await browser.callbackOf(`${origin}/tool`))
    url.port = String(port)
    const answer = await browser.load(url.href, { headers: { host } })
    t.equal(answer.status, 400)
    t.match(answer.body, 'attempt_unknown')
  }
})
