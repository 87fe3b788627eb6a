import t from 'tap'
import { corsHeaders, preflightHeaders, trustedOrigins } from '../../src/core/cors.ts'

const app = 'https://app.test'
const open = { origins: ['https://other.test', app], credentials: false }
const trusted = { ...open, credentials: true }
const none = { origins: [], credentials: false }

t.test('origins are trusted with credentials only', async (t) => {
  t.strictSame(trustedOrigins(trusted), trusted.origins)
  t.strictSame(trustedOrigins(open), [])
})

t.test('an answer says who may read it, and what else it has', async (t) => {
  const answer = { etag: '"x"', vary: 'Accept' }

  t.strictSame(corsHeaders(open, { origin: app }, answer), {
    vary: 'Accept, Origin',
    'access-control-allow-origin': app,
    'access-control-expose-headers': 'etag, vary',
  })
  t.match(corsHeaders(trusted, { origin: app }, answer), { 'access-control-allow-credentials': 'true' })
  t.strictSame(Object.keys(corsHeaders(open, { origin: app }, {})), ['vary', 'access-control-allow-origin'])
})

t.test('anybody else is told nothing but that answers differ; without origins nothing differs', async (t) => {
  for (const origin of [undefined, 'https://evil.test', [app]]) {
    t.strictSame(corsHeaders(trusted, { origin }, {}), { vary: 'Origin' })
    t.strictSame(preflightHeaders(trusted, { origin }, ['PUT']), { vary: 'Origin' })
  }
  t.strictSame(corsHeaders(none, { origin: app }, {}), {})
  t.strictSame(preflightHeaders(none, { origin: app }, ['PUT']), {})
})

t.test('a preflight permits the method and the headers that it asks for', async (t) => {
  const asking = { origin: app, 'access-control-request-method': 'PUT' }
  const named = { ...asking, 'access-control-request-headers': 'a, b' }
  const permission = { vary: 'Origin', 'access-control-allow-origin': app, 'access-control-max-age': '600' }

  t.same(preflightHeaders(open, asking, ['PUT']), { ...permission, 'access-control-allow-methods': 'PUT' })
  t.same(preflightHeaders(open, asking, ['GET']), permission)
  t.match(preflightHeaders(open, named, ['PUT']), { 'access-control-allow-headers': 'a, b' })
  t.notOk(
    'access-control-allow-headers' in preflightHeaders(open, { ...named, 'access-control-request-headers': 'a b' }, []),
  )
})
