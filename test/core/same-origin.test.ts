import t from 'tap'
import { cookieStanding, isNavigation, isPreflight } from '../../src/core/same-origin.ts'

const origin = 'https://tools.test'
const page = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const html = { accept: 'text/html,application/xhtml+xml' }

t.test('a navigation is a page load in the address bar', async (t) => {
  const cases = [
    ['GET', page, true],
    ['GET', { ...page, accept: '*/*' }, true],
    ['POST', page, true],
    ['GET', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }, false],
    ['GET', { 'sec-fetch-mode': 'navigate' }, false],
    ['GET', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'document' }, false],
    ['GET', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', ...html }, false],
    ['GET', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image', ...html }, false],
    ['GET', html, true],
    ['HEAD', html, true],
    ['POST', html, false],
    ['GET', { ...html, 'x-requested-with': 'XMLHttpRequest' }, false],
    ['GET', { accept: '*/*' }, false],
    ['GET', { accept: 'application/json' }, false],
    ['GET', {}, false],
  ] as const

  for (const [method, headers, expected] of cases) {
    t.equal(isNavigation({ method, headers, origin }), expected, `${method} ${JSON.stringify(headers)}`)
  }
})

t.test('a cookie counts for our own pages and for page loads, and for nobody else', async (t) => {
  const counts = 'counts'
  const ignored = 'ignored'
  const refused = 'refused'
  const site = (value: string) => ({ 'sec-fetch-site': value, 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' })
  const from = (value: string) => ({ origin: value })
  const cases = [
    [site('same-origin'), counts, counts],
    [site('none'), counts, counts],
    [site('same-site'), ignored, refused],
    [site('cross-site'), ignored, refused],
    [site('nonsense'), ignored, refused],
    [site('same-origin, cross-site'), ignored, refused],
    [{ ...site('cross-site'), origin }, ignored, refused],
    [{ ...site('same-origin'), origin: 'https://evil.test' }, counts, counts],
    [from(origin), counts, counts],
    [from('https://evil.test'), ignored, refused],
    [from('http://tools.test'), ignored, refused],
    [from('https://tools.test:8443'), ignored, refused],
    [from('https://tools.test.evil.test'), ignored, refused],
    [from('null'), ignored, refused],
    [from(''), ignored, refused],
    [{}, counts, refused],
    [html, counts, refused],
    [{ ...page, 'sec-fetch-site': 'cross-site' }, counts, refused],
    [{ ...page, 'sec-fetch-site': 'same-site' }, counts, refused],
    [{ ...page, 'sec-fetch-site': 'same-origin' }, counts, counts],
    [{ ...page, origin: 'null' }, counts, refused],
    [{ ...page, 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'cross-site' }, ignored, refused],
    [{ ...html, origin: 'https://evil.test' }, ignored, refused],
  ] as const

  for (const [headers, read, change] of cases) {
    for (const method of ['GET', 'HEAD']) {
      t.equal(cookieStanding({ method, headers, origin }), read, `${method} ${JSON.stringify(headers)}`)
    }
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'PROPPATCH']) {
      t.equal(cookieStanding({ method, headers, origin }), change, `${method} ${JSON.stringify(headers)}`)
    }
  }
})

t.test('a cookie counts for scripts of trusted origins, exactly those', async (t) => {
  const trusted = ['https://app.test', 'http://localhost:3000']
  const cross = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }
  const others = [
    ...['https://app.test:443', 'https://APP.test', 'http://app.test', 'https://a.app.test', 'https://app.test.evil'],
    ...['https://app.test/', 'https://app.test, https://evil.test', 'null', '', 'http://localhost', '*'],
  ]

  for (const method of ['GET', 'POST', 'DELETE']) {
    for (const listed of trusted) {
      t.equal(cookieStanding({ method, headers: { ...cross, origin: listed }, origin }, trusted), 'counts')
      t.equal(cookieStanding({ method, headers: { origin: listed }, origin }, trusted), 'counts')
      t.not(cookieStanding({ method, headers: { ...cross, origin: listed }, origin }), 'counts')
    }
    for (const other of others) {
      t.not(cookieStanding({ method, headers: { ...cross, origin: other }, origin }, trusted), 'counts', other)
      t.not(cookieStanding({ method, headers: { origin: other }, origin }, trusted), 'counts', other)
    }
    t.not(cookieStanding({ method, headers: cross, origin }, trusted), 'counts', 'without Origin')
  }
})

t.test('a cookie counts for a WebSocket of our own pages, whatever else the handshake says', async (t) => {
  const handshake = {
    upgrade: 'websocket',
    connection: 'Upgrade',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-version': '13',
  }
  const app = 'https://app.test'
  const claims = [{}, page, html, { 'sec-fetch-site': 'same-origin' }, { 'sec-fetch-site': 'cross-site' }]

  for (const claim of claims) {
    const headers = { ...handshake, ...claim }
    t.equal(cookieStanding({ method: 'GET', headers: { ...headers, origin }, origin }), 'counts')
    for (const other of [undefined, '', 'null', 'https://evil.test', 'http://tools.test', `${origin}:8443`]) {
      t.equal(cookieStanding({ method: 'GET', headers: { ...headers, origin: other }, origin }), 'refused', `${other}`)
    }
    const trusted = cookieStanding({ method: 'GET', headers: { ...headers, origin: app }, origin }, [app])
    t.equal(trusted, 'counts')
    t.equal(isNavigation({ method: 'GET', headers, origin }), false)
  }
})

t.test('a preflight is OPTIONS with an origin and the method it asks for', async (t) => {
  const asking = { origin: 'https://evil.test', 'access-control-request-method': 'PUT' }

  t.ok(isPreflight({ method: 'OPTIONS', headers: asking }))
  t.notOk(isPreflight({ method: 'GET', headers: asking }))
  t.notOk(isPreflight({ method: 'OPTIONS', headers: { origin } }))
  t.notOk(isPreflight({ method: 'OPTIONS', headers: { 'access-control-request-method': 'PUT' } }))
})
