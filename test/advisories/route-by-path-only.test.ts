/**
 * The query or a fragment has a say in which route matches.
 * - CVE-2025-54576
 * - GHSA-pxq7-h93f-9jrg
 */
import t from 'tap'
import { sendRaw, upgradeRaw } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'

const { origin, echo } = await startStack(t)
const { host } = new URL(origin)
const get = (target: string) => sendRaw(origin, [`GET ${target} HTTP/1.1`, `Host: ${host}`])

const asked: readonly [target: string, status: number][] = [
  ['/tool?x=/open', 401],
  ['/tool?/open', 401],
  ['/tool/?path=%2Fopen', 401],
  ['/tool?x=/../open', 401],
  ['/tool%3F/open', 404],
  ['/tool/%3F/open', 401],
  ['/tool;/open?/open', 400],
  ['/tool#/open', 400],
  ['/tool%23/open', 400],
  ['/tool?#/open', 400],
  ['/tool?x#/open', 400],
  ['/open#/../tool', 400],
  ['/open%23/../tool', 400],
  ['/open%2523/tool', 400],
]

t.test('only the path decides, and a fragment is no part of a request', async (t) => {
  const before = echo.received.length

  for (const [target, status] of asked) {
    t.equal((await get(target)).status, status, target)
    t.equal((await upgradeRaw(origin, target)).status, status, `${target}, WebSocket`)
  }

  t.equal(echo.received.length, before)
})

t.test('a query that looks like another route stays a query', async (t) => {
  for (const target of ['/open?x=/tool', '/open?/tool', '/open?%23/tool', '/open/%3F/tool']) {
    t.equal((await get(target)).status, 200)
    t.equal(echo.received.at(-1)?.url, target)
  }
})
