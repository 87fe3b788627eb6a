import { setTimeout } from 'node:timers/promises'
import { decodeJwt } from 'jose'
import t, { type Test } from 'tap'
import { Pool } from 'undici'
import { createBrowser } from '../support/browser.ts'
import { type Stack, startStack } from '../support/stack.ts'

/** `npm run soak` asks for 60. */
const seconds = Number(process.env.SOAK_SECONDS ?? 10)
const connections = 20
const pauseMs = 50
/** Each refresh takes so long, which makes two at once visible as two that start closer together. */
const refreshMs = 300

t.jobs = 2

const clients: readonly [string, Record<string, unknown>][] = [
  ['', {}],
  [', with rotation and no grace', { rotation: { enabled: true, grace: '0s' } }],
]
for (const [name, client] of clients) {
  t.test(`${connections} connections for ${seconds} s with an access token of 5 s${name}`, async (t) => {
    const stack = await startStack(t, { client: { access_token: '5s', ...client } })
    const browser = createBrowser()
    await browser.signIn(`${stack.origin}/tool`)
    const { length: signInCalls } = await tokenCalls(stack)
    const { authorize } = (await stack.control.log()).counts
    await stack.control.fault({ endpoint: 'token', delay: `${refreshMs}ms` })

    const { requests, strange } = await load(
      t,
      stack,
      `toolgate=${browser.cookies(stack.origin).get('toolgate')?.value}`,
    )

    t.strictSame(strange, [], `${requests} requests, all with a token that was good`)
    t.ok(requests > 100, `${requests} requests`)
    const refreshes = (await tokenCalls(stack)).slice(signInCalls)
    t.ok(refreshes.length >= Math.floor(seconds / 5), `${refreshes.length} refreshes`)
    t.ok(refreshes.length <= seconds / 4 + 1, `${refreshes.length} refreshes: one when 20 % of the life is left`)
    t.strictSame([...new Set(refreshes.map(({ status }) => status))], [200])
    const gaps = refreshes.slice(1).map(({ time }, i) => Date.parse(time) - Date.parse(refreshes[i]?.time ?? ''))
    t.ok(Math.min(...gaps) >= refreshMs, 'never two at once')
    t.equal((await stack.control.log()).counts.authorize, authorize, 'nobody signs in again')
  })
}

async function tokenCalls({ control }: Stack) {
  return (await control.log()).requests.filter(({ endpoint }) => endpoint === 'token')
}

/** Requests from all connections until the time is over; gives those that were not answered as they should be. */
async function load(t: Test, { origin }: Stack, cookie: string) {
  const pool = new Pool(origin, { connections })
  t.teardown(() => pool.close())
  const end = Date.now() + seconds * 1000
  const strange: unknown[] = []
  let requests = 0

  async function connection(): Promise<void> {
    while (Date.now() < end) {
      const { statusCode, body } = await pool.request({ method: 'GET', path: '/tool', headers: { cookie } })
      const answer = await body.text()
      const isGood = statusCode === 200 && isCurrent(JSON.parse(answer).headers.authorization)
      if (!isGood) strange.push({ statusCode, answer })
      requests += 1
      await setTimeout(pauseMs)
    }
  }

  await Promise.all(Array.from({ length: connections }, connection))
  return { requests, strange }
}

/** Whether a bearer is still good; `exp` is in whole seconds, rounded down. */
function isCurrent(authorization: string): boolean {
  return Number(decodeJwt(authorization.replace('Bearer ', '')).exp) * 1000 > Date.now() - 1000
}
