import { decodeJwt } from 'jose'
import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'

t.test('a person signs in and the tool gets their bearer token at the address first asked for', async (t) => {
  const { origin, echo, cognito } = await startStack(t)
  const browser = createBrowser()

  const page = await browser.signIn(`${origin}/tool/reports?year=2026&q=a%20b`)

  t.equal(page.status, 200)
  const [request] = echo.received
  t.equal(request?.url, '/tool/reports?year=2026&q=a%20b')
  const token = decodeJwt(request?.headers.authorization?.replace('Bearer ', '') ?? '')
  t.match(token, { iss: cognito.issuer, username: 'ada', token_use: 'access' })
  t.equal(request?.headers.cookie, undefined)
})
