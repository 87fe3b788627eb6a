/**
 * The path that decided the route is not the path the upstream gets.
 * - CVE-2026-33494
 * - GO-2023-1800
 * - CVE-2021-21321
 * - CVE-2021-21322
 * - CVE-2026-16117
 * - CVE-2026-85124
 * - CVE-2026-120213
 */
import t from 'tap'
import { sendRaw } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'
import { ambiguousTails } from './ambiguous-targets.ts'

const stack = await startStack(t)
const { origin, echo } = stack
const at = (path: string, upstream: string, more: object = {}) => ({
  ...{ name: path.slice(1) || 'rest', path, upstream: echo.url + upstream, access: 'public' },
  ...more,
})
const rewriting = await startStack(t, {
  config: {
    routes: [
      at('/', ''),
      at('/admin', '', { access: 'signed_in' }),
      at('/moved', '/base/of/tool'),
      at('/stripped', '', { strip_path: true }),
    ],
  },
})
const get = (target: string, to = origin) => sendRaw(to, [`GET ${target} HTTP/1.1`, `Host: ${new URL(to).host}`])

t.test('an address that could be read in two ways reaches no tool', async (t) => {
  const before = echo.received.length

  for (const tail of ambiguousTails) {
    for (const prefix of ['/tool', '/open', '/oauth', '']) {
      const answer = await get(prefix + tail)
      t.equal(answer.status, 400, prefix + tail)
      t.match(JSON.parse(answer.body).code, /^bad_(path|request)$/, prefix + tail)
    }
    for (const prefix of ['/moved', '/stripped']) {
      t.equal((await get(prefix + tail, rewriting.origin)).status, 400, prefix + tail)
    }
  }

  t.equal(echo.received.length, before)
})

t.test('an encoded prefix is the prefix: it is guarded, and taken off', async (t) => {
  for (const prefix of ['/%61nalysts', '/%61%6e%61%6C%79%73%74%73', '/a%6Ealysts']) {
    t.equal((await get(`${prefix}/x`)).status, 401, prefix)
  }
  for (const [asked, received] of [
    ['/%73tripped/x', '/x'],
    ['/%6d%6f%76%65%64/x', '/base/of/tool/x'],
  ] as const) {
    await get(asked, rewriting.origin)
    t.equal(echo.received.at(-1)?.url, received, asked)
  }
})

t.test('path parameters cannot lead around a route', async (t) => {
  const ask = (target: string) => get(target, rewriting.origin)

  t.equal((await ask('/anything;x')).status, 200)
  t.equal((await ask('/admin/x;y')).status, 401)
  for (const target of [
    '/admin;x',
    '/admin;x/y',
    '/;x/admin',
    '/;/oauth/me',
    '/admin%3bx',
    '/oauth;x/me',
    '/.well-known/toolgate;x/jwks.json',
  ]) {
    const answer = await ask(target)
    t.equal(answer.status, 400, target)
    t.equal(JSON.parse(answer.body).code, 'bad_path', target)
  }
})

t.test('nothing that was encoded becomes a query, a fragment or a segment on its way', async (t) => {
  const cases = [
    ['/stripped/%3fadmin=1', '/%3Fadmin=1'],
    ['/stripped/a%3Fb?c=%3f', '/a%3Fb?c=%3f'],
    ['/stripped/a%26b%3dc', '/a%26b%3Dc'],
    ['/moved/%3F..%3F', '/base/of/tool/%3F..%3F'],
    ['/moved/%20', '/base/of/tool/%20'],
    ['/moved/@evil.example', '/base/of/tool/@evil.example'],
    ['/stripped/:80@evil.example', '/:80@evil.example'],
  ] as const

  for (const [asked, received] of cases) {
    t.equal((await get(asked, rewriting.origin)).status, 200, asked)
    t.equal(echo.received.at(-1)?.url, received, asked)
  }
})
