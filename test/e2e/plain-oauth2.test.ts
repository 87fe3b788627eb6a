import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { startEcho } from '../support/echo.ts'
import { freePort } from '../support/free-port.ts'
import { startGateway } from '../support/stack.ts'
import { startTool } from '../support/tool.ts'

/** What the provider answers next, as JSON. */
const says = { token: '', userInfo: '' }
const bearer = (scope: string) => JSON.stringify({ access_token: 'at', token_type: 'bearer', expires_in: 3600, scope })

const { url } = await startTool(t, (request, response) => {
  response.setHeader('content-type', 'application/json')
  response.end(request.url === '/token' ? says.token : says.userInfo)
})
const echo = await startEcho(t)
const port = await freePort()
const origin = `http://localhost:${port}`
await startGateway(t, {
  public_url: origin,
  listen: { host: '127.0.0.1', port },
  log: { level: 'fatal' },
  providers: {
    crm: {
      type: 'oauth2',
      authorization_endpoint: `${url}/authorize`,
      token_endpoint: `${url}/token`,
      userinfo_endpoint: `${url}/me`,
      subject: 'id',
      client_id: 'crm-client',
      client_secret: 'crm-secret',
      scopes: ['read'],
    },
  },
  routes: [
    { name: 'tool', path: '/tool', upstream: echo.url },
    { name: 'writer', path: '/writer', upstream: echo.url, scopes: ['read', 'write'] },
  ],
})

/** Goes to the provider for `path` and comes back with a code. */
async function passProvider(browser: ReturnType<typeof createBrowser>, path: string) {
  const { location = '' } = await browser.open(origin + path, (at) => at.startsWith(url))
  const state = new URL(location).searchParams.get('state')
  return browser.load(`${origin}/oauth/callback?state=${state}&code=abc`)
}

t.test('whoever has no name of his own is not signed in', async (t) => {
  // As text the first three would all be one user, and the last two another.
  for (const id of [
    '{"a":1}',
    '{"b":2}',
    '{"toString":1}',
    '[7]',
    'true',
    '""',
    '9007199254740993',
    '9007199254740992',
  ]) {
    Object.assign(says, { token: bearer('read'), userInfo: `{"id":${id}}` })
    const browser = createBrowser()

    const answer = await passProvider(browser, '/tool')

    t.equal(answer.status, 400, id)
    t.equal((await browser.send(`${origin}/oauth/me`)).status, 401, id)
  }
})

t.test('a user whose name is a number signs in, and gets more scopes as the same user', async (t) => {
  Object.assign(says, { token: bearer('read'), userInfo: '{"id":7}' })
  const browser = createBrowser()
  await passProvider(browser, '/tool')

  says.token = bearer('read write')
  const answer = await passProvider(browser, '/writer')

  t.match(answer, { status: 302, location: '/writer' })
  t.equal((await browser.load(`${origin}/writer`)).status, 200)
})

t.test('an answer whose token type is no text is an answer of nobody: the attempt is kept', async (t) => {
  says.token = '{"access_token":"at","token_type":{"toString":1}}'

  const { status } = await passProvider(createBrowser(), '/tool')

  t.equal(status, 503)
})
