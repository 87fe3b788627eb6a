import { join } from 'node:path'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { createBrowser } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'
import { toolgate } from '../support/toolgate.ts'

process.env.ROUTES_TEST_SECRET = 'hush'
t.teardown(() => delete process.env.ROUTES_TEST_SECRET)

const yaml = {
  public_url: 'https://tools.acme.io',
  providers: {
    cognito: {
      type: 'cognito',
      domain: 'https://auth.acme.io',
      user_pool_id: 'eu-west-1_Xk3fP9qLm',
      client_id: '4f7q',
    },
    partners: { type: 'cognito', domain: 'https://p.acme.io', user_pool_id: 'eu-west-1_Xk3fP9qLn', client_id: '5f7q' },
  },
  routes: [
    { name: 'root', path: '/', upstream: 'http://127.0.0.1:3000', access: 'public' },
    { name: 'reports', path: '/reports', upstream: 'http://127.0.0.1:3001/v2', allow: { groups: ['a', 'b'] } },
    {
      name: 'ledger',
      path: '/reports/ledger',
      upstream: 'http://127.0.0.1:3002',
      strip_path: true,
      access: 'optional',
      sign_in: ['cognito', 'partners'],
      provider: 'partners',
      allow: { emails: ['ada@acme.io'], claims: { team: ['x'] } },
      inject: { header: 'X-Api-Token', value: 'Token {access_token}${ROUTES_TEST_SECRET}' },
      identity_headers: { 'X-Webauth-User': '{email}' },
    },
  ],
}

function configIn(t: Test, config: object = yaml): string {
  return join(t.testdir({ 'a.yaml': stringify(config) }), 'a.yaml')
}

async function explain(file: string, method: string, url: string) {
  const { exitCode, out } = await toolgate('routes', 'explain', method, url, '-c', file, '--json')
  return { exitCode, ...JSON.parse(out) }
}

t.test('the table shows each route: where, who, whose token in which header, and the upstream', async (t) => {
  const { exitCode, out } = await toolgate('routes', '-c', configIn(t))

  t.equal(exitCode, 0)
  t.strictSame(
    out.split('\n').map((line) => line.split(/ {2,}/)),
    [
      ['NAME', 'HOST', 'PATH', 'ACCESS', 'WHO MAY PASS', 'TOKEN OF', 'INJECT', 'UPSTREAM'],
      ['root', 'tools.acme.io', '/', 'public', 'anyone', 'none', 'none', 'http://127.0.0.1:3000/'],
      [
        ...['reports', 'tools.acme.io', '/reports', 'signed_in', 'signed in with cognito, groups: a or b'],
        ...['the one signed in with', 'Authorization: Bearer {access_token}', 'http://127.0.0.1:3001/v2'],
      ],
      [
        ...['ledger', 'tools.acme.io', '/reports/ledger', 'optional'],
        'anyone; known when signed in with cognito or partners, emails: ada@acme.io, claims: {"team":["x"]}',
        ...['partners', 'X-Api-Token: Token {access_token}…', 'http://127.0.0.1:3002/'],
      ],
    ],
  )
})

t.test('--json gives the table to scripts', async (t) => {
  const { out } = await toolgate('routes', '-c', configIn(t), '--json')

  t.match(JSON.parse(out), [{ name: 'root' }, { name: 'reports', host: 'tools.acme.io', path: '/reports' }, {}])
})

t.test('a route without an upstream is shown as what it is', async (t) => {
  const wiki = { name: 'wiki', path: '/wiki', forward_auth: true }
  const more = { trusted_proxies: ['127.0.0.1'], forward_auth: { port: 9091 }, routes: [...yaml.routes, wiki] }
  const file = configIn(t, { ...yaml, ...more })

  const { out } = await toolgate('routes', '-c', file)
  const page = await explain(file, 'GET', '/wiki/x?y=1')
  const form = await explain(file, 'POST', '/wiki/x')

  t.match(out.split('\n').at(-1), /^wiki .*Authorization: Bearer \{access_token\} +none \(forward_auth\)$/)
  t.match(page, { route: 'wiki', upstream: 'none: a front proxy sends the request on' })
  t.match(page.anonymous_browser, /^401 with Location https:\/\/tools\.acme\.io\/oauth\/sign-in\?return_to=%2Fwiki%2Fx/)
  t.match(form.anonymous_browser, /^401/)
})

t.test('no value of the environment is shown, whatever it is part of', async (t) => {
  const file = configIn(t)

  const outputs = [
    await toolgate('routes', '-c', file),
    await toolgate('routes', '-c', file, '--json'),
    await toolgate('routes', 'explain', 'GET', '/reports/ledger', '-c', file),
  ]

  for (const { exitCode, out } of outputs) {
    t.equal(exitCode, 0)
    t.notMatch(out, 'hush')
  }
})

t.test('explain names the longest prefix, the one after it, and what the upstream is asked for', async (t) => {
  const explanation = await explain(configIn(t), 'get', 'HTTPS://Tools.acme.io:443/reports/ledger/%41?q=%2f#there')

  t.strictSame(explanation, {
    exitCode: 0,
    request: 'GET tools.acme.io/reports/ledger/%41?q=%2f',
    path: '/reports/ledger/A',
    route: 'ledger',
    why: '/reports/ledger is the longest prefix that covers the path; without it: reports (/reports).',
    access: 'optional',
    accept: ['session cookie'],
    who_may_pass: 'anyone; known when signed in with cognito or partners, emails: ada@acme.io, claims: {"team":["x"]}',
    anonymous_browser: 'passed on as nobody',
    anonymous_client: 'passed on as nobody',
    token_of: 'partners',
    headers: ['X-Api-Token: Token {access_token}…', 'X-Webauth-User: {email}'],
    upstream: 'GET http://127.0.0.1:3002/A?q=%2f',
  })
})

t.test('explain is a list of facts for people', async (t) => {
  const { out } = await toolgate('routes', 'explain', 'GET', '/reports/2026', '-c', configIn(t))

  const lines = out.split('\n').map((line) => line.split(/ {2,}/))
  t.match(lines, [
    ['request', 'GET tools.acme.io/reports/2026'],
    ['path', '/reports/2026'],
    ['route', 'reports'],
    ['why', '/reports is the longest prefix that covers the path; without it: root (/).'],
    ['access', 'signed_in'],
    ['accept', 'session cookie'],
    ['who may pass', 'signed in with cognito, groups: a or b'],
    ['anonymous browser', '302 to https://tools.acme.io/oauth/sign-in?return_to=%2Freports%2F2026'],
    ['anonymous client', '401 sign_in_required, problem JSON with sign_in_url'],
    ['token of', 'the one signed in with'],
    ['headers', 'Authorization: Bearer {access_token}'],
    ['', 'X-Forwarded-User: {user}'],
  ])
  t.strictSame(lines.at(-1), ['upstream', 'GET http://127.0.0.1:3001/v2/2026'])
})

t.test('nothing is set on a public route', async (t) => {
  const explanation = await explain(configIn(t), 'GET', '/reportsX')

  t.match(explanation, { route: 'root', who_may_pass: 'anyone', token_of: 'none', headers: [] })
})

t.test('the answers explained are those the gateway gives', async (t) => {
  const { origin, yaml } = await startStack(t)
  const file = configIn(t, yaml)
  const browser = createBrowser()
  const host = new URL(origin).host
  const requests = [
    ['GET', '/tool/a?b=1', 302, 401],
    ['HEAD', '/tool/a', 302, 401],
    ['POST', '/tool/a', 401, 401],
    ['GET', '/open/a', 200, 200],
    ['GET', '/maybe', 200, 200],
    ['GET', '/tool%2fa', 400, 400],
    ['GET', '/tool/%2E./open;x', 400, 400],
    ['GET', '/tool;x/a', 400, 400],
    ['GET', '/nowhere', 404, 404],
    ['GET', '/', 302, 302],
  ] as const

  for (const [method, path, asBrowser, asClient] of requests) {
    const { anonymous_browser, anonymous_client } = await explain(file, method, path)
    const page = await browser.load(origin, { method, path })
    const answer = await browser.send(origin, { method, path })

    t.strictSame([page.status, answer.status], [asBrowser, asClient], `${method} ${path} is answered`)
    t.equal(statusIn(anonymous_browser), asBrowser, `${method} ${path} is explained for a browser`)
    t.equal(statusIn(anonymous_client), asClient, `${method} ${path} is explained for a client`)
    if (page.location !== undefined) t.equal(`302 to ${new URL(page.location, origin)}`, anonymous_browser)
  }
  const elsewhere = await browser.send(origin, { headers: { host: `other.${host}` } })
  t.equal(elsewhere.status, 421)
  t.match(await explain(file, 'GET', `http://other.${host}/tool`), { anonymous_client: /^421 host_unknown/ })
})

/** What is passed on is answered by the echoing tool. */
function statusIn(answer: string): number {
  return answer === 'passed on as nobody' ? 200 : Number.parseInt(answer, 10)
}

t.test('paths of the gateway itself are covered by no route, not even one at /', async (t) => {
  for (const path of [
    '/oauth',
    '/oauth/me',
    '/.well-known/oauth-protected-resource/x',
    '/.well-known/toolgate/jwks.json',
  ]) {
    t.match(await explain(configIn(t), 'GET', path), { route: undefined, why: /reserved/ }, path)
  }
})

t.test('a command line that explains nothing says what to write', async (t) => {
  const file = configIn(t)
  const lines = [
    [['explain', 'GET'], /routes explain METHOD URL/],
    [['show'], /routes explain METHOD URL/],
    [['explain', 'GET', '/a', '/b'], /routes explain METHOD URL/],
    [['explain', 'FETCH', '/a'], /"FETCH" is no HTTP method/],
    [['explain', 'GET', 'tools.acme.io/a'], /"tools.acme.io\/a" is no address/],
  ] as const

  for (const [args, err] of lines) t.match(await toolgate('routes', ...args, '-c', file), { exitCode: 1, out: '', err })
})

t.test('a route on another host is found there, and leads to the sign-in of that host', async (t) => {
  const route = { name: 'wiki', host: 'wiki.acme.io', path: '/reports', upstream: 'http://127.0.0.1:3003' }
  const file = configIn(t, { ...yaml, routes: [...yaml.routes, route] })

  const there = await explain(file, 'GET', 'https://wiki.acme.io/reports/1?a=b')
  const here = await explain(file, 'GET', '/reports/1')
  const nowhere = await explain(file, 'GET', 'https://other.acme.io/reports')

  t.match(there, { route: 'wiki', anonymous_browser: '302 to https://wiki.acme.io/oauth/sign-in?return_to=%2Freports' })
  t.match(here, { route: 'reports', anonymous_browser: '302 to https://tools.acme.io/oauth/sign-in' })
  t.match(nowhere, { anonymous_browser: '421 host_unknown, a page' })
})
