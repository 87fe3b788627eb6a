import t from 'tap'
import { passableTrailers } from '../../src/core/trailers.ts'
import { toPairs } from '../support/header-pairs.ts'

t.test('what a tool only knows at the end of a body passes', (t) => {
  const trailers = toPairs({
    'content-digest': 'sha-256=:x:',
    'server-timing': 'all;dur=9',
    'grpc-status': '0',
    'x-own': ['a', 'b'],
    'x-if-unsure': '1',
  })

  t.strictSame(passableTrailers(trailers), trailers)
  t.end()
})

t.test('what has to come before a body does not come after it, in whatever letters', (t) => {
  const late = {
    framing: ['Content-Length', 'transfer-encoding', 'trailer', 'content-encoding', 'content-type', 'content-range'],
    routing: ['host', 'location', 'connection', 'upgrade'],
    authentication: ['authorization', 'set-cookie', 'www-authenticate', 'proxy-authenticate', 'authentication-info'],
    control: ['cache-control', 'age', 'expires', 'vary', 'retry-after', 'te', 'if-match', 'range', 'expect'],
    'what no tool may say': ['clear-site-data', 'alt-svc', 'access-control-allow-origin'],
  }

  for (const [what, names] of Object.entries(late)) {
    for (const name of names)
      t.strictSame(passableTrailers([name, 'x', 'x-own', 'y']), ['x-own', 'y'], `${what}: ${name}`)
  }
  t.end()
})
