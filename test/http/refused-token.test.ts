import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'
import { startTool } from '../support/tool.ts'

const minuteMs = 60_000
const clock = { at: Date.now() }
/** Access tokens that the tool takes no more. */
const revoked = new Set<string>()
/** Refuses whoever asks. */
let isClosed = false
const received: { readonly bearer: string; readonly body: string }[] = []

const tool = await startTool(t, async (request: IncomingMessage, response: ServerResponse) => {
  const bearer = request.headers.authorization ?? ''
  if (isClosed || revoked.has(bearer)) {
    response.writeHead(401, { 'www-authenticate': 'Bearer realm="inner"' }).end('the tool says no')
    return
  }
  const body = await text(request)
  received.push({ bearer, body })
  response.end(`took ${body.length}`)
})
const { origin, control } = await startStack(t, {
  now: () => clock.at,
  config: {
    routes: [
      { name: 'tool', path: '/tool', upstream: tool.url },
      { name: 'own', path: '/own', upstream: tool.url, inject: 'none' },
      { name: 'open', path: '/open', upstream: tool.url, access: 'public' },
    ],
  },
})
const browser = createBrowser()
await browser.signIn(`${origin}/tool`)

const sameOrigin = { 'sec-fetch-site': 'same-origin' }
const refreshes = async () => (await control.log()).counts.token
const get = (path = '/tool') => browser.send(origin + path, { headers: sameOrigin })

/** Takes back the token that the tool gets now, which is old enough to be renewed. */
async function revoke(): Promise<string> {
  isClosed = false
  await get()
  const { bearer } = received.at(-1) ?? { bearer: '' }
  revoked.add(bearer)
  clock.at += minuteMs
  return bearer
}

t.test('a tool that refuses a token gets a new one, and the user notices nothing', async (t) => {
  const old = await revoke()
  const before = await refreshes()

  const answer = await get()

  t.match(answer, { status: 200, body: 'took 0' })
  t.not(received.at(-1)?.bearer, old)
  t.equal((await refreshes()) - before, 1)
})

t.test('many requests whose token is refused renew it once', async (t) => {
  await revoke()
  const before = await refreshes()

  const answers = await Promise.all(Array.from({ length: 40 }, () => get()))

  t.ok(answers.every(({ status }) => status === 200))
  t.equal((await refreshes()) - before, 1)
})

t.test('a body that is still held is sent again, whole', async (t) => {
  await revoke()
  const form = { text: 'x'.repeat(60_000) }

  const answer = await browser.send(`${origin}/tool`, { method: 'POST', headers: sameOrigin, form })

  t.match(answer, { status: 200, body: 'took 60005' })
  t.equal(received.at(-1)?.body, `text=${form.text}`)
})

t.test('a body that is too large to be held fails once, and the next one passes', async (t) => {
  await revoke()
  const form = { text: 'x'.repeat(200_000) }
  const send = () => browser.send(`${origin}/tool`, { method: 'POST', headers: sameOrigin, form })

  const first = await send()
  const second = await send()

  t.equal(first.status, 502)
  t.equal(JSON.parse(first.body).code, 'upstream_refused_token')
  t.match(second, { status: 200, body: 'took 200005' })
})

t.test('a tool that refuses new tokens, too, is said to: no challenge, and the provider is left alone', async (t) => {
  await revoke()
  isClosed = true
  const before = await refreshes()

  const answer = await get()

  t.match(answer, { status: 502, headers: { 'www-authenticate': undefined } })
  t.equal(JSON.parse(answer.body).code, 'upstream_refused_token')
  t.notMatch(answer.body, 'the tool says no')

  for (const waitMs of [0, minuteMs, 3 * minuteMs]) {
    clock.at += waitMs
    t.equal((await get()).status, 502)
    t.equal((await refreshes()) - before, 1, `${waitMs} ms later`)
  }
  clock.at += 2 * minuteMs
  t.equal((await get()).status, 502)
  t.equal((await refreshes()) - before, 2, 'after five minutes it is tried once more')
  isClosed = false
  t.equal((await get()).status, 200, 'and nobody was signed out')
})

t.test('a token that is younger than 30 seconds is not renewed', async (t) => {
  clock.at += 5 * minuteMs
  await revoke()
  t.equal((await get()).status, 200)
  isClosed = true
  clock.at += 29_000
  const before = await refreshes()

  t.equal((await get()).status, 502)

  t.equal(await refreshes(), before)
})

t.test('a 401 that is not about a token of ours passes as it is', async (t) => {
  isClosed = true
  for (const path of ['/own', '/open']) {
    const answer = await get(path)

    t.match(answer, { status: 401, body: 'the tool says no' })
    t.equal(answer.headers['www-authenticate'], 'Bearer realm="inner"', path)
  }
})
