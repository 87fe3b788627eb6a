import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { sendRaw } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'
import { startTool } from '../support/tool.ts'

/** Answers with the status and header lines that the query names. */
const tool = await startTool(t, (request, response) => {
  const query = new URL(request.url ?? '', 'http://tool').searchParams
  response.writeHead(Number(query.get('status') ?? 200), JSON.parse(query.get('headers') ?? '[]'))
  response.end(query.get('body') ?? 'body')
})
const at = (name: string, more: object = {}) => ({ name, path: `/${name}`, upstream: tool.url, ...more })
const { origin } = await startStack(t, {
  config: {
    routes: [
      at('tool'),
      at('none', { inject: 'none' }),
      at('open', { access: 'public' }),
      at('maybe', { access: 'optional' }),
    ],
  },
})
const { host } = new URL(origin)
const browser = createBrowser()
await browser.signIn(`${origin}/tool`)
const ours = `Cookie: ${browser.cookieHeader(origin)}`

/** Asks for an answer with these header lines. */
function ask(path: string, headers: readonly string[] = [], more: Record<string, string> = {}, method = 'GET') {
  const query = new URLSearchParams({ headers: JSON.stringify(headers), ...more })
  return sendRaw(origin, [`${method} ${path}?${query} HTTP/1.1`, `Host: ${host}`, ours])
}

t.test('what would change the browser for other tools does not pass', async (t) => {
  const refused = {
    'Service-Worker-Allowed': '/',
    'Clear-Site-Data': '"cookies"',
    'Alt-Svc': 'h3=":443"',
    NEL: '{}',
    'Report-To': '{}',
    'Reporting-Endpoints': 'a="/b"',
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Allow-Credentials': 'true',
    'Access-Control-Anything': 'x',
  }

  for (const path of ['/tool', '/open', '/none']) {
    const { headers } = await ask(path, [...Object.entries(refused).flat(), 'X-Fine', 'kept'])
    for (const name of Object.keys(refused)) t.notOk(headers.has(name.toLowerCase()), `${path} ${name}`)
    t.same(headers.get('x-fine'), ['kept'])
  }
})

t.test('the challenge of a tool is dropped where we inject', async (t) => {
  const challenge = ['WWW-Authenticate', 'Basic realm="tool"']

  const injected = await ask('/tool', challenge, { status: '403' })
  const bare = await ask('/none', challenge, { status: '401' })

  t.equal(injected.status, 403)
  t.equal(injected.body, 'body')
  t.notOk(injected.headers.has('www-authenticate'))
  t.same(bare.headers.get('www-authenticate'), ['Basic realm="tool"'])
})

t.test('cookies of the tool pass, one by one, and ours do not', async (t) => {
  const cookies = [
    'a=1; Path=/; HttpOnly',
    'toolgate=evil; Path=/',
    'b=2',
    'toolgate.a.x=evil',
    'toolgate.u=evil',
    'a=3',
  ]

  const { headers } = await ask(
    '/tool',
    cookies.flatMap((cookie) => ['Set-Cookie', cookie]),
  )

  t.same(headers.get('set-cookie'), ['a=1; Path=/; HttpOnly', 'b=2', 'a=3'])
})

t.test('what was asked with a session is private', async (t) => {
  const shared = ['Cache-Control', 'public, max-age=60', 'Vary', 'Accept']

  for (const path of ['/tool', '/maybe']) {
    const { headers } = await ask(path, shared)
    t.same(headers.get('cache-control'), ['private, max-age=60'], path)
    t.same(headers.get('vary'), ['Accept, Cookie, Authorization'], path)
  }
  t.same((await ask('/open', shared)).headers.get('cache-control'), ['public, max-age=60'])
})

t.test('answers of the tool pass as they are', async (t) => {
  for (const status of ['200', '201', '206', '400', '403', '404', '410', '418', '429', '500', '502', '503']) {
    const answer = await ask('/tool', ['Content-Type', 'text/x', 'Retry-After', '7'], { status, body: `was ${status}` })
    t.equal(answer.status, Number(status))
    t.equal(answer.body, `was ${status}`)
    t.same(answer.headers.get('retry-after'), ['7'])
  }
})

t.test('answers without a body have none', async (t) => {
  for (const status of ['204', '304']) {
    const answer = await ask('/tool', ['ETag', '"x"'], { status, body: '' })
    t.equal(answer.status, Number(status))
    t.equal(answer.body, '')
    t.same(answer.headers.get('etag'), ['"x"'])
  }
  const head = await ask('/tool', ['Content-Length', '4', 'Content-Type', 'text/x'], {}, 'HEAD')
  t.equal(head.status, 200)
  t.equal(head.body, '')
  t.same(head.headers.get('content-length'), ['4'])
  t.same(head.headers.get('content-type'), ['text/x'])
})
