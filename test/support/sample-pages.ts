import { GatewayError, gatewayErrorCodes } from '../../src/core/errors.ts'
import { createAssets } from '../../src/http/assets/assets.ts'
import type { BrowserEntry } from '../../src/http/views/browsers.ts'
import { type Connection, connectionsPage } from '../../src/http/views/connections.ts'
import { type ConsentQuestion, consentPage } from '../../src/http/views/consent.ts'
import { documentPage } from '../../src/http/views/document.ts'
import { type ErrorPage, errorPage, notSentPage } from '../../src/http/views/error.ts'
import type { GrantEntry } from '../../src/http/views/grants.ts'
import { homePage } from '../../src/http/views/home.ts'
import type { Site } from '../../src/http/views/layout.ts'
import { type LinkQuestion, linkPage } from '../../src/http/views/link.ts'
import { signInPage } from '../../src/http/views/sign-in.ts'
import { signedOutPage, signOutPage } from '../../src/http/views/sign-out.ts'
import { type TestStep, testPage, testReport } from '../../src/http/views/test-sign-in.ts'

/** What can come from outside: people, providers, tools and addresses. A test replaces them with hostile text. */
export interface Outside {
  readonly brand: string
  readonly contact: string
  readonly tool: string
  readonly description: string
  readonly user: string
  readonly provider: string
  readonly service: string
  readonly address: string
  readonly href: string
  readonly scope: string
  readonly problem: string
  readonly remedy: string
  readonly requestId: string
}

export const ordinary: Outside = {
  brand: 'Northwind Tools',
  contact: 'it-help@northwind.example',
  tool: 'Reports',
  description: 'Sales and stock by region, every morning at six.',
  user: 'ada@northwind.example',
  provider: 'Cognito',
  service: 'GitHub',
  address: 'reports.northwind.example/q3/summary',
  href: '/reports',
  scope: 'issues/write',
  problem: 'invalid_client_secret',
  remedy: 'Set client_secret to the secret of this app client.',
  requestId: '01K1C4Z8RTX5W3',
}

const statuses: ReadonlyMap<string, number> = new Map([
  ...gatewayErrorCodes.map((code) => [code, new GatewayError(code).status] as const),
  ['insufficient_scope', 403],
])

export const errorCodes: readonly string[] = [...statuses.keys()]

export function siteFor(outside: Pick<Outside, 'brand' | 'contact'>, accent?: string): Site {
  const brand = { name: outside.brand, contact: outside.contact, accent }
  return { brand, assets: createAssets(brand, '/oauth'), home: '/oauth/' }
}

const sampleDocument = `# The \`callback\` URL

What to do, [as check says](check.md#callback), or [here](#where). See the [changes](../CHANGELOG.md).

## Where

1. In the *console*
2. Under **Login pages**

- \`https://tools.northwind.example/${'oauth/'.repeat(20)}callback\`

| key | what it is |
|---|---|
| \`client_id\` | The number of the app client |

\`\`\`yaml
client_id: 1example23456789 # ${'as long as a line can be '.repeat(8)}
\`\`\`

![A picture](images/a.png)
<script>alert(1)</script>
`

/** Every page there is, by name. */
export function samplePages(outside: Outside = ordinary, accent?: string): ReadonlyMap<string, string> {
  const site = siteFor(outside, accent)
  const { tool, description, user, provider, service, address, href, scope, problem, remedy, requestId } = outside
  const signOutHref = '/oauth/sign-out'
  const tools = [
    { title: tool, description, href, access: 'open' },
    {
      title: 'Design notes',
      description: 'Shared notes for people and their AI clients.',
      href: '/notes',
      access: 'open',
    },
    {
      title: 'Issue tracker',
      description: 'What is open, and who works on it.',
      href,
      access: 'connect',
      connect: service,
    },
    { title: 'Payroll', description: 'Pay slips and time off.', href: '/payroll', access: 'denied' },
    { title: 'Stock', href: 'https://stock.northwind.example/', access: 'open' },
  ] as const
  const failure = { requestId, time: new Date('2026-07-27T14:03:12Z'), tool, provider, host: address }
  const contexts: Readonly<Record<string, Partial<ErrorPage>>> = {
    sign_in_required: { wayOn: { does: 'sign_in', href } },
    session_ended: { wayOn: { does: 'sign_in_again', href } },
    access_denied: { signedInAs: user, secondary: { does: 'switch_account', href } },
    insufficient_scope: {
      signedInAs: user,
      missingScopes: ['reports/read', scope],
      wayOn: { does: 'switch_account', href },
    },
    connection_required: {
      wayOn: { does: 'connect', href, method: 'post' },
      secondary: { does: 'home', href: '/oauth/' },
    },
    store_unavailable: {
      retryAfterSeconds: 10,
      since: new Date('2026-07-27T14:01:40Z'),
      wayOn: { does: 'try_again', href },
    },
    provider_unavailable: { retryAfterSeconds: 5, wayOn: { does: 'try_again', href } },
    provider_refused: {
      wayOn: { does: 'try_again', href },
      details: {
        error: 'invalid_client',
        description: problem,
        remedy,
        where: `User pools › ${provider} › App clients › App client information`,
        docs: 'docs/client-secret.md',
        testHref: '/oauth/test?provider=cognito',
      },
    },
    upstream_unreachable: { wayOn: { does: 'try_again', href }, secondary: { does: 'home', href: '/oauth/' } },
    body_too_large: { limit: '100 MB' },
    attempt_unknown: { wayOn: { does: 'start_again', href } },
    sign_in_loop: { wayOn: { does: 'try_again', href }, secondary: { does: 'home', href: '/oauth/' } },
  }
  return new Map([
    ['home', homePage(site, { user, signOutHref, connectionsHref: '/oauth/connections' }, tools)],
    ['home-signed-out', homePage(site, { signInHref: href }, [{ title: tool, description, href, access: 'sign_in' }])],
    ['home-empty', homePage(site, { user, signOutHref }, [])],
    [
      'sign-in',
      signInPage(
        site,
        [
          { title: 'Northwind account', href },
          { title: provider, href, lastUsed: true },
        ],
        { title: tool, address },
      ),
    ],
    ['connections', connections(site, outside)],
    ['connections-empty', connectionsPage(site, { user, signOutHref }, { entries: [], grants: [], browsers: [] })],
    ['consent', consentPage(site, consentFor(outside, { kind: 'web', address: 'claude.ai' }, user))],
    ['consent-loopback', consentPage(site, consentFor(outside, { kind: 'loopback', address: href }, undefined))],
    ['link', linkPage(site, linkFor(outside, {}))],
    ['link-allow', linkPage(site, linkFor(outside, { isLinked: true }))],
    ['link-done', linkPage(site, linkFor(outside, { isLinked: true, isDone: true }))],
    ['test', testPage(site, testSetup(outside))],
    ['test-passed', reportOf(site, outside, passedSteps(outside))],
    ['test-failed', reportOf(site, outside, failedSteps(outside))],
    ['document', documentPage(site, sampleDocument, new Set(['check']))],
    ['sign-out', signOutPage(site, { user, action: signOutHref })],
    ['signed-out', signedOutPage(site, { everywhere: false, provider, providerSession: 'ended', signInHref: href })],
    ['signed-out-everywhere', signedOutPage(site, { everywhere: true, signInHref: href })],
    ['not-sent', notSentPage(site, { ...failure, status: 401, code: 'session_ended', signInHref: href })],
    ...[...statuses].map(
      ([code, status]) => [code, errorPage(site, { ...failure, status, code, ...contexts[code] })] as const,
    ),
    ['a_new_code', errorPage(site, { ...failure, status: 500, code: 'a_new_code' })],
  ])
}

function linkFor({ user, tool, address, service, href }: Outside, state: Partial<LinkQuestion>): LinkQuestion {
  const action = `/oauth/connections/github/link?for=${encodeURIComponent(href)}`
  const question = { app: user, tool: { title: tool, address }, account: service, user, action }
  return { ...question, isLinked: false, isDone: false, ...state }
}

function connections(site: Site, { user, provider, service, tool, href, scope, problem }: Outside): string {
  const at = (name: string, action: string) => `/oauth/connections/${name}/${action}`
  const entries: readonly Connection[] = [
    {
      name: 'cognito',
      title: provider,
      role: 'sign_in',
      state: 'connected',
      account: user,
      scopes: ['openid', 'profile', 'email', 'reports/read'],
      validUntil: new Date('2026-07-27T15:00:12Z'),
      refreshedAt: new Date('2026-07-27T14:00:12Z'),
      neededBy: [tool, 'Stock'],
      refreshHref: at('cognito', 'refresh'),
    },
    {
      name: 'github',
      title: service,
      role: 'connection',
      state: 'connected',
      account: user,
      scopes: ['offline_access', scope],
      validUntil: new Date('2026-07-27T22:03:12Z'),
      neededBy: [tool, 'Issue tracker'],
      connectHref: at('github', 'connect'),
      refreshHref: at('github', 'refresh'),
      disconnectHref: at('github', 'disconnect'),
    },
    {
      name: 'crm',
      title: 'Customer records',
      role: 'connection',
      state: 'ended',
      account: user,
      scopes: ['contacts.read'],
      refreshedAt: new Date('2026-07-20T08:15:00Z'),
      lastError: problem,
      neededBy: [],
      connectHref: at('crm', 'connect'),
      disconnectHref: at('crm', 'disconnect'),
    },
    {
      name: 'calendar',
      title: 'Calendar',
      role: 'connection',
      state: 'not_connected',
      scopes: [],
      neededBy: ['Meeting rooms'],
      connectHref: href,
    },
  ]
  const returnTo = { title: tool, href }
  const grants: readonly GrantEntry[] = [
    {
      name: user,
      tool,
      redirect: 'cursor://anysphere.cursor-mcp/oauth/callback',
      scopes: ['openid', scope],
      accounts: [service],
      since: new Date('2026-07-27T08:02:41Z'),
      renewedAt: new Date('2026-07-27T14:03:12Z'),
      endHref: '/oauth/grants/kR4x/end',
    },
  ]
  const browsers: readonly BrowserEntry[] = [
    {
      name: 'Firefox on Linux',
      isThisOne: true,
      signedInAt: new Date('2026-07-27T08:02:41Z'),
      lastUsedAt: new Date('2026-07-27T14:03:12Z'),
    },
    {
      name: 'Safari on iPhone',
      isThisOne: false,
      signedInAt: new Date('2026-07-20T18:30:05Z'),
      lastUsedAt: new Date('2026-07-27T07:41:00Z'),
      endHref: `/oauth/sessions/${'Ab1-'.repeat(10)}xyz/end`,
    },
    { name: user, isThisOne: false, signedInAt: new Date('2026-07-01T09:00:00Z'), endHref: href },
    { name: undefined, isThisOne: false, signedInAt: new Date('2026-06-30T09:00:00Z'), endHref: href },
  ]
  return connectionsPage(site, { user, signOutHref: '/oauth/sign-out' }, { entries, grants, browsers, returnTo })
}

function consentFor(
  { tool, address, service, provider, scope, problem }: Outside,
  redirect: ConsentQuestion['redirect'],
  user: string | undefined,
): ConsentQuestion {
  return {
    client:
      user === undefined
        ? { name: problem, host: undefined, known: 'registered' }
        : { name: 'Claude', host: 'claude.ai', known: 'document' },
    redirect,
    tool: { title: tool, address },
    scopes: ['openid', scope],
    accounts: [service],
    user,
    signInWith: user === undefined ? [provider, service].map((title) => ({ name: 'one', title })) : [],
    shown: 'x'.repeat(43),
    action: '/oauth/consent?client_id=claude&state=1',
  }
}

function testSetup({ provider, service, tool }: Outside) {
  return {
    providers: [
      { name: 'cognito', title: provider },
      { name: 'github', title: service },
    ],
    routes: [
      { name: 'reports', title: tool },
      { name: 'notes', title: 'Design notes' },
    ],
    selected: { provider: 'cognito', route: 'reports' },
    action: '/oauth/test',
  }
}

function reportOf(site: Site, outside: Outside, steps: readonly TestStep[]): string {
  const { start, step, end } = testReport(site, testSetup(outside), new Date('2026-07-27T14:03:12Z'))
  return [start, ...steps.map(step), end(steps)].join('')
}

function passedSteps({ user, address }: Outside): readonly TestStep[] {
  const passed = (id: TestStep['id'], result: string) => ({ id, status: 'passed', result }) as const
  return [
    passed('authorize', 'the login page answered 200'),
    passed('callback', 'a code, after 4 s'),
    passed('code_exchange', 'access token for 60 min, refresh token, ID token'),
    passed('id_token', `sub 6d1c…, email ${user}`),
    passed('user_info', 'the same sub'),
    passed('scopes', 'openid profile email reports/read'),
    passed('refresh', 'a new access token for 60 min'),
    passed('call', `GET ${address}: 200`),
  ]
}

function failedSteps({ problem, provider, remedy }: Outside): readonly TestStep[] {
  return [
    { id: 'authorize', status: 'passed', result: 'the login page answered 200' },
    { id: 'callback', status: 'passed', result: 'a code, after 4 s' },
    {
      id: 'code_exchange',
      status: 'failed',
      result: `invalid_client: ${problem}`,
      remedy,
      where: `User pools › ${provider} › App clients › App client information`,
      docs: 'docs/client-secret.md',
    },
    { id: 'id_token', status: 'skipped' },
    { id: 'user_info', status: 'skipped' },
    { id: 'scopes', status: 'skipped' },
    { id: 'refresh', status: 'skipped' },
    { id: 'call', status: 'skipped' },
  ]
}
