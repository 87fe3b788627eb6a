import { posix } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { canonicalTarget, withoutParameters } from '../../src/core/canonical-path.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { createRouteTable } from '../../src/core/route-table.ts'
import { upstreamPath } from '../../src/core/upstream-path.ts'
import { aRoute } from '../support/route.ts'
import { target } from './arbitraries.ts'
import { decoded } from './decoded.ts'
import { runs } from './runs.ts'

const host = 'tools.test'
const at = (path: string, prefix?: string) =>
  aRoute({ name: path || 'rest', host, path, upstream: { origin: 'http://127.0.0.1:3000', prefix, tls: undefined } })
const routes = [at(''), at('/closed'), at('/closed/deep'), at('/open', ''), at('/open/deep', '/base')]
const table = createRouteTable(routes, host, '/oauth')

/** The canonical target and its route; `undefined` when it is refused, by the one error there is for that. */
function decided(text: string) {
  try {
    const canonical = canonicalTarget(text)
    const matched = table.match(host, canonical.path)
    return { canonical, route: routes.find((route) => route === matched) }
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'bad_path') return undefined
    throw error
  }
}

/** Every accepted target with its decision: nothing is said of those that are refused. */
const accepted = target.map(decided).filter((decision) => decision !== undefined)

t.test('a canonical target is its own canonical form, and says of itself what it said before', async () => {
  fc.assert(
    fc.property(accepted, ({ canonical, route }) => {
      const again = decided(canonical.path + canonical.search)

      return (
        again?.canonical.path === canonical.path && again.canonical.search === canonical.search && again.route === route
      )
    }),
    runs(5_000),
  )
})

t.test('the path that goes upstream is decided on as the one that came', async () => {
  fc.assert(
    fc.property(accepted, ({ canonical, route }) => {
      if (route === undefined || route.upstream.prefix !== undefined) return true

      return decided(upstreamPath(route, canonical))?.route === route
    }),
    runs(5_000),
  )
})

t.test('a server that decodes what it gets, and has the same routes, comes to the same one', async () => {
  const prefixes = routes.map(({ path }) => path).sort((a, b) => b.length - a.length)
  const isOurs = (path: string) => /^\/(oauth|\.well-known\/(oauth-|openid-configuration|toolgate))/.test(path)
  fc.assert(
    fc.property(accepted, ({ canonical, route }) => {
      const read = decoded(canonical.path)
      const expected = prefixes.find((prefix) => read === prefix || read.startsWith(`${prefix}/`))

      return isOurs(read) || route?.path === expected
    }),
    runs(5_000),
  )
})

/** How servers read the path that they get, before they look for what is there. */
const readings: Readonly<Record<string, (path: string) => string>> = {
  'as it is': (path) => path,
  'by WHATWG rules': (path) => new URL(path, 'http://upstream').pathname,
  decoded,
  'decoded twice': (path) => decoded(decoded(path)),
  'decoded, as Windows does': (path) => decoded(path).replaceAll('\\', '/'),
  'without parameters': (path) => decoded(withoutParameters(path)),
}

for (const [name, read] of Object.entries(readings)) {
  t.test(`read ${name}, the path that goes upstream leads nowhere else`, async () => {
    fc.assert(
      fc.property(accepted, ({ canonical, route }) => {
        if (route === undefined) return true
        const path = upstreamPath(route, { ...canonical, search: '' })

        return posix.normalize(read(path)) === read(path) && (name !== 'by WHATWG rules' || read(path) === path)
      }),
      runs(3_000),
    )
  })
}

t.test('parameters decide nothing, whether they are looked at or not', async () => {
  fc.assert(
    fc.property(accepted, ({ canonical, route }) => {
      const bare = decided(withoutParameters(canonical.path))

      return bare === undefined || bare.route === route
    }),
    runs(3_000),
  )
})
