import t from 'tap'
import { startStack } from '../support/stack.ts'
import { assertConforms, requiredScenarios } from './support/conformance.ts'
import { startFixtureServer } from './support/fixture-server.ts'

/** What is required of a server, how much that is, and what is not required but shows what a gateway could break. */
const revisions = [
  { revision: '2025-11-25', count: 30, further: ['server-session-lifecycle'] },
  { revision: '2026-07-28', count: 37, further: ['http-header-validation', 'http-custom-header-server-validation'] },
] as const

// The suite waits more than it works.
t.jobs = 2
for (const { revision, count, further } of revisions) {
  t.test(`what ${revision} requires of a server, the fixture server has, and so it is behind a gateway`, async (t) => {
    const fixture = await startFixtureServer(t)
    const { origin } = await startStack(t, {
      config: { routes: [{ name: 'mcp', path: '/mcp', upstream: fixture.url, access: 'public' }] },
    })
    const required = await requiredScenarios(revision)

    t.equal(required.length, count, `${count} scenarios are required`)
    const run = (name: string, url: string) =>
      t.test(name, (t) => assertConforms(t, url, revision, [...required, ...further]))
    await run('directly', fixture.url)
    await run('through the gateway', `${origin}/mcp`)
  })
}
