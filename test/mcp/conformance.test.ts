import { test } from 'tap'
import { assertConforms, requiredScenarios } from './support/conformance.ts'
import { startFixtureServer } from './support/fixture-server.ts'

/** Not required, and passed all the same: those that show what a gateway could break. */
const further = {
  '2025-11-25': ['server-session-lifecycle'],
  '2026-07-28': ['http-header-validation', 'http-custom-header-server-validation'],
} as const

test('the fixture server passes every scenario of the conformance suite', { jobs: 2 }, async (t) => {
  const { url } = await startFixtureServer(t)

  for (const [revision, count] of [
    ['2025-11-25', 30],
    ['2026-07-28', 37],
  ] as const) {
    t.test(revision, async (t) => {
      const required = await requiredScenarios(revision)

      t.equal(required.length, count, `${count} scenarios are required`)
      await assertConforms(t, url, revision, [...required, ...further[revision]])
    })
  }
})
