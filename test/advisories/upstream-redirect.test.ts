/**
 * A redirect of an upstream is followed, and credentials go along to wherever it leads.
 * - CVE-2026-40895
 * - CVE-2026-130627
 */
import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { startEcho } from '../support/echo.ts'
import { startStack } from '../support/stack.ts'
import { startTool } from '../support/tool.ts'

const elsewhere = await startEcho(t)
const asked: (string | undefined)[] = []
const tool = await startTool(t, (request, response) => {
  asked.push(request.headers.authorization)
  const { searchParams } = new URL(request.url ?? '', 'http://tool')
  response.writeHead(Number(searchParams.get('status')), { location: searchParams.get('to') ?? '' }).end()
})
const { origin } = await startStack(t, { config: { routes: [{ name: 'tool', path: '/tool', upstream: tool.url }] } })
const browser = createBrowser()
await browser.signIn(`${origin}/oauth/sign-in`)

t.test('redirects are passed on, never followed', async (t) => {
  const places = [`${elsewhere.url}/x`, 'http://169.254.169.254/latest', '//other.test/', '/elsewhere', `${tool.url}/x`]

  for (const status of [301, 302, 303, 307, 308]) {
    for (const to of places) {
      const before = asked.length
      const query = new URLSearchParams({ status: String(status), to })
      const answer = await browser.load(`${origin}/tool?${query}`)
      t.equal(answer.status, status)
      t.equal(answer.location, to)
      t.equal(asked.length, before + 1)
      t.match(asked.at(-1), /^Bearer /)
    }
  }

  t.equal(elsewhere.received.length, 0)
})
