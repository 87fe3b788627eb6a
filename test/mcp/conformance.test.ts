import t from 'tap'
import { startStack } from '../support/stack.ts'
import { startBearerProxy } from './support/bearer-proxy.ts'
import { assertConforms, requiredScenarios } from './support/conformance.ts'
import { startFixtureServer } from './support/fixture-server.ts'
import { tokenOf } from './support/oauth.ts'
import { createPerson } from './support/person.ts'

/** What is required of a server, how much that is, and what is not required but shows what a gateway could break. */
const revisions = [
  { revision: '2025-11-25', count: 30, further: ['server-session-lifecycle'] },
  { revision: '2026-07-28', count: 37, further: ['http-header-validation', 'http-custom-header-server-validation'] },
] as const

// The suite waits more than it works.
t.jobs = 2
for (const { revision, count, further } of revisions) {
  t.test(`what ${revision} requires of a server, the fixture server has, and so it has behind a gateway`, async (t) => {
    const { url: upstream } = await startFixtureServer(t)
    const { origin } = await startStack(t, {
      config: {
        routes: [
          { name: 'open', path: '/open', upstream, access: 'public' },
          { name: 'mcp', path: '/mcp', upstream, mcp: { challenge: 'connect' } },
        ],
      },
    })
    const signedIn = await startBearerProxy(t, `${origin}/mcp`, await tokenOf(createPerson(), origin))
    const required = await requiredScenarios(revision)

    t.equal(required.length, count, `${count} scenarios are required`)
    const run = (name: string, url: string) =>
      t.test(name, (t) => assertConforms(t, url, revision, [...required, ...further]))
    await run('directly', upstream)
    await run('through the gateway', `${origin}/open`)
    await run('through the gateway, for somebody who has signed in', signedIn.url)
  })
}
