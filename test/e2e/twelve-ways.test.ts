import { setImmediate } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { type Answer, createBrowser } from '../support/browser.ts'
import { type ConfigPatch, startGateway, startParts } from '../support/stack.ts'

const clock = { at: Date.now() }
const { control, cognito, origin, yaml } = await startParts(t)
const callback = `${origin}/oauth/callback`
const client = '1localexample'

t.afterEach(() => control.reset())

/** Each way to be wrong: what is changed at the provider, and what the owner must read. */
interface Way {
  readonly client?: ConfigPatch
  readonly pool?: ConfigPatch
  /** What is wrong in the config; that takes a restart. */
  readonly provider?: ConfigPatch
  /** At which step a test sign-in ends. */
  readonly step?: string
  readonly cause: RegExp
  readonly remedy: RegExp
  readonly paste?: string
  readonly where: RegExp
  readonly docs: string
}

const loginPages = /App clients &gt; 1localexample &gt; Login pages/
const ways: Readonly<Record<string, Way>> = {
  'the callback differs by a slash': {
    client: { callback_urls: [`${callback}/`] },
    cause: /differs in the slash at the end/,
    remedy: /Add exactly this/,
    paste: callback,
    where: loginPages,
    docs: 'docs/trailing-slash.md',
  },
  'the callback differs by letter case': {
    client: { callback_urls: [`${origin}/OAuth/Callback`] },
    cause: /differs in letter case/,
    remedy: /Add exactly this/,
    paste: callback,
    where: loginPages,
    docs: 'docs/callback-mismatch.md',
  },
  'the callback differs by the port': {
    client: { callback_urls: ['http://localhost:3000/oauth/callback'] },
    cause: /differs in the port/,
    remedy: /Add exactly this/,
    paste: callback,
    where: loginPages,
    docs: 'docs/callback-mismatch.md',
  },
  'the client is unknown': {
    provider: { client_id: '1unknown' },
    cause: /Either there is no client 1unknown/,
    remedy: /Compare providers\.cognito\.client_id/,
    where: /App clients &gt; Client ID/,
    docs: 'docs/check.md',
  },
  'the code flow is off': {
    client: { flows: ['implicit'] },
    cause: /unauthorized_client/,
    remedy: /Choose the authorization code grant/,
    where: loginPages,
    docs: 'docs/check.md',
  },
  'OAuth is off': {
    client: { oauth: false },
    cause: /OAuth is off for the app client/,
    remedy: /Choose the authorization code grant/,
    paste: callback,
    where: loginPages,
    docs: 'docs/callback-mismatch.md',
  },
  'one scope is not enabled': {
    client: { scopes: ['openid', 'profile'] },
    cause: /not enabled: email\./,
    remedy: /Enable email for the app client/,
    where: loginPages,
    docs: 'docs/scope-not-enabled.md',
  },
  'the secret is missing': {
    provider: { client_secret: undefined },
    step: 'Code exchange',
    cause: /It is missing\..*the app client has a secret/,
    remedy: /Copy the client secret into providers\.cognito\.client_secret/,
    where: /Show client secret/,
    docs: 'docs/client-secret.md',
  },
  'the secret is wrong': {
    client: { secrets: ['another-secret'] },
    step: 'Code exchange',
    cause: /the app client has another secret/,
    remedy: /Copy the client secret into providers\.cognito\.client_secret/,
    where: /Show client secret/,
    docs: 'docs/client-secret.md',
  },
  'a public client is given a secret': {
    client: { secrets: [] },
    step: 'Code exchange',
    cause: /the app client has no secret/,
    remedy: /Remove providers\.cognito\.client_secret/,
    where: /App clients &gt; 1localexample/,
    docs: 'docs/client-secret.md',
  },
  'the branding is missing': {
    client: { branding: false },
    cause: /Managed login has no branding style/,
    remedy: /Create a style/,
    where: /Branding &gt; Managed login/,
    docs: 'docs/check.md',
  },
  'the pool has no domain': {
    pool: { domain: false },
    cause: /The user pool has no domain/,
    remedy: /Create a domain/,
    where: /Branding &gt; Domain/,
    docs: 'docs/check.md',
  },
}

for (const [name, way] of Object.entries(ways)) {
  t.test(`${name}: a page of ours says so, and once it is put right the next try signs in`, async (t) => {
    const { browser, putRight } = await setWrong(t, way)

    const page = await signIn(browser, `${origin}/tool?q=1`)

    t.equal(page.status, 400)
    t.equal(new URL(page.url).origin, origin, 'it is ours')
    const [forPerson = '', forOwner = ''] = page.body.split('<details>')
    t.match(forPerson, 'Signing in with Cognito is not set up right yet. Your account is fine;')
    t.match(forPerson, 'Try again</a>')
    t.notMatch(forPerson, /invalid_|redirect_|AWS console|403/, 'no jargon for the person')
    isExplained(t, forOwner, way)
    t.match(forOwner, 'href="/oauth/test?provider=cognito"')
    t.notMatch(page.body, /local-secret|another-secret/, 'no secret is shown')

    await putRight()
    const again = await signIn(browser, origin + wayOn(page))

    t.match(again, { status: 200, url: `${origin}/tool?q=1` })
  })

  t.test(`${name}: a test sign-in names the step, the cause and the remedy`, async (t) => {
    const { browser, putRight } = await setWrong(t, way)
    const { step = 'Authorize' } = way

    const report = await testSignIn(browser)

    t.match(report, { status: 200, url: `${origin}/oauth/test` })
    t.match(report.body, /<h2>Sign-in test failed</)
    const [, failed = ''] = report.body.split(new RegExp(`${step} <span class="badge bad">Failed</span>`))
    isExplained(t, failed.split('</li>')[0] ?? '', way)
    t.equal(report.body.match(/>Failed</g)?.length, 1, 'one step failed')
    t.notMatch(report.body, /local-secret|another-secret/, 'no secret is shown')

    await putRight()
    const again = await testSignIn(browser)

    t.match(again.body, 'Sign-in test passed')
  })
}

/** Starts a gateway on a set-up that is wrong. */
async function setWrong(t: Test, way: Way) {
  const { provider = {} } = way
  const cognitoWith = (patch: ConfigPatch) => ({
    ...yaml,
    providers: { cognito: { ...yaml.providers.cognito, ...patch } },
  })
  const options = { now: () => clock.at, isDev: true }
  const gateway = await startGateway(t, cognitoWith(provider), options)
  if (way.client) await control.client(client, way.client)
  if (way.pool) await control.pool(way.pool)

  async function putRight(): Promise<void> {
    await control.reset()
    clock.at += 5_000
    if (way.provider === undefined) return
    await gateway.app.close()
    // The browser lives in this process, too, and has yet to hear that its connection was closed.
    await setImmediate()
    await startGateway(t, yaml, options)
  }
  return { browser: createBrowser(), putRight }
}

/** Goes on to where a person ends: through the sign-in page of the provider, where there is one. */
async function signIn(browser: ReturnType<typeof createBrowser>, url: string): Promise<Answer> {
  return onFrom(browser, await browser.open(url))
}

async function onFrom(browser: ReturnType<typeof createBrowser>, page: Answer): Promise<Answer> {
  return page.url.startsWith(cognito.domain) ? browser.submitSignIn(page, 'ada') : page
}

async function testSignIn(browser: ReturnType<typeof createBrowser>): Promise<Answer> {
  const { location = '' } = await browser.load(`${origin}/oauth/test`, {
    method: 'POST',
    headers: { 'sec-fetch-site': 'same-origin' },
    form: { provider: 'cognito', route: 'tool' },
  })
  return signIn(browser, new URL(location, origin).href)
}

function isExplained(t: Test, text: string, { cause, remedy, paste, where, docs }: Way): void {
  t.match(text, cause, 'cause')
  t.match(text, remedy, 'remedy')
  t.match(text, where, 'where')
  t.match(text, `<a href="/oauth/${docs.replace('.md', '')}">${docs}</a>`, 'document')
  if (paste !== undefined) t.match(text, `<code>${paste}</code>`, 'what to paste')
  else t.notMatch(text, '<dt>Paste</dt>')
}

function wayOn({ body }: Answer): string {
  return /class="button primary" href="([^"]*)"/.exec(body)?.[1]?.replaceAll('&amp;', '&') ?? ''
}
