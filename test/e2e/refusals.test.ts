import t, { type Test } from 'tap'
import { type Answer, createBrowser } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'

const lines: string[] = []
const { origin, control, cognito } = await startStack(t, { isDev: true, log: (line) => lines.push(line) })
const callback = `${origin}/oauth/callback`

t.afterEach(() => control.reset())

interface Refusal {
  readonly error: string
  readonly description?: string
  /** What the person reads. */
  readonly says?: RegExp
  readonly cause: RegExp
  readonly remedy: RegExp
  readonly docs?: string
}

const plain = /Cognito ended the sign-in without letting you in\. Try again\./

const atCallback: readonly Refusal[] = [
  {
    error: 'access_denied',
    says: /Cognito did not let you in, or you stopped there\. Try again, or with another account\./,
    cause: /cancelled/,
    remedy: /log of the provider/,
  },
  { error: 'server_error', cause: /failed by itself/, remedy: /Try again in a minute/ },
  { error: 'temporarily_unavailable', cause: /failed by itself/, remedy: /Try again in a minute/ },
  { error: 'invalid_scope', cause: /scope/, remedy: /Enable it for the client/, docs: 'docs/scope-not-enabled.md' },
  {
    error: 'invalid_request',
    description: 'invalid_scope',
    cause: /scope/,
    remedy: /Enable it for the client/,
    docs: 'docs/scope-not-enabled.md',
  },
  { error: 'unauthorized_client', cause: /code grant/, remedy: /Allow/, docs: 'docs/callback-mismatch.md' },
  {
    error: 'invalid_request',
    description: 'unauthorized_client',
    cause: /code grant/,
    remedy: /Allow/,
    docs: 'docs/callback-mismatch.md',
  },
  { error: 'login_required', cause: /not to show a page/, remedy: /prompt=none/ },
  { error: 'invalid_request', cause: /does not take/, remedy: /authorize_params/ },
]
for (const refusal of atCallback) {
  t.test(`at the callback, ${named(refusal)}: the page says what to do`, async (t) => {
    const browser = createBrowser()
    const state = await leave(browser)
    const { error, description } = refusal

    const page = await browser.load(
      `${callback}?${new URLSearchParams({ error, state, ...(description && { error_description: description }) })}`,
    )

    isExplained(t, page, refusal)
    t.match((await browser.signIn(`${origin}/tool`)).status, 200, 'the next try is fine')
  })
}

const atToken: readonly Refusal[] = [
  {
    error: 'invalid_client',
    description: 'invalid_client_secret',
    cause: /client secret/,
    remedy: /Compare client_id/,
    docs: 'docs/client-secret.md',
  },
  { error: 'invalid_client', cause: /client secret/, remedy: /Compare client_id/, docs: 'docs/client-secret.md' },
  { error: 'invalid_grant', cause: /used before or is too old/, remedy: /Attribute permissions/ },
  {
    error: 'unauthorized_client',
    description: 'invalid_redirect',
    cause: /callback URL is not the one/,
    remedy: /compare its callback URLs/,
    docs: 'docs/callback-mismatch.md',
  },
  { error: 'invalid_request', cause: /does not take/, remedy: /endpoints of the provider/ },
  { error: 'unsupported_grant_type', cause: /does not give tokens/, remedy: /token_endpoint/ },
]
for (const refusal of atToken) {
  t.test(`at the token endpoint, ${named(refusal)}: the page says what to do`, async (t) => {
    const { error, description: error_description } = refusal
    await control.fault({ endpoint: 'token', status: 400, body: { error, error_description }, times: 1 })

    const page = await createBrowser().signIn(`${origin}/tool`)

    isExplained(t, page, refusal)
  })
}

t.test('a client that may not read what a scope needs: the page names the attribute permissions', async (t) => {
  await control.client('1localexample', { readable_attributes: ['name'] })

  const page = await createBrowser().signIn(`${origin}/tool`)

  t.match(page.body, /Attribute permissions/)
})

t.test('what the provider says of the person or of itself is no reason to ask it about us', async (t) => {
  const browser = createBrowser()
  const state = await leave(browser)
  const before = (await control.log()).counts

  for (const error of ['access_denied', 'server_error']) await browser.load(`${callback}?error=${error}&state=${state}`)

  t.strictSame((await control.log()).counts, before)
})

const failing = [{ status: 500 }, { status: 503 }, { status: 429 }, { status: 502, body: '<h1>Bad gateway</h1>' }]
for (const fault of failing) {
  t.test(
    `a token endpoint that fails (${JSON.stringify(fault)}): a page that tries again, and then signs in`,
    async (t) => {
      const browser = createBrowser()
      const url = await browser.callbackOf(`${origin}/tool`)
      await control.fault({ endpoint: 'token', times: 1, ...fault })

      const page = await browser.load(url)
      const next = await browser.open(url)

      t.equal(page.status, 503)
      t.match(page.body, /<meta http-equiv="refresh"/)
      t.match(page.body, 'Cognito does not answer')
      t.notMatch(page.body, /Bad gateway/)
      t.match(next, { status: 200, url: `${origin}/tool` })
    },
  )
}

t.test('what the provider wrote is escaped, short, on one line, and only for the owner', async (t) => {
  const browser = createBrowser()
  const state = await leave(browser)
  lines.length = 0
  const words = `<script>alert("Ada")</script>\r\nset-cookie: a=b\u001b[2J ${'wordy '.repeat(600)}`

  const page = await browser.load(
    `${callback}?${new URLSearchParams({ error: 'custom', error_description: words, state })}`,
  )

  const [forPerson = '', forOwner = ''] = page.body.split('<details>')
  t.notMatch(forPerson, /script>|wordy|custom/)
  t.match(forOwner, 'custom: &lt;script&gt;alert(&quot;Ada&quot;)&lt;/script&gt; set-cookie: a=b [2J wordy')
  t.ok((forOwner.match(/wordy/g)?.length ?? 0) < 40)
  t.ok((lines.join('').match(/wordy/g)?.length ?? 0) < 150, 'in the log, too')
})

function named({ error, description }: Refusal): string {
  return description === undefined ? error : `${error} (${description})`
}

/** Leaves for the provider; gives the state. */
async function leave(browser: ReturnType<typeof createBrowser>): Promise<string> {
  const { location = '' } = await browser.open(`${origin}/tool`, (to) => to.startsWith(cognito.domain))
  return new URL(location).searchParams.get('state') ?? ''
}

function isExplained(t: Test, page: Answer, { error, description, says = plain, cause, remedy, docs }: Refusal): void {
  const [forPerson = '', forOwner = ''] = page.body.split('<details>')
  t.equal(page.status, 400)
  t.match(forPerson, says)
  t.notMatch(forPerson, error, 'no jargon for the person')
  t.match(forPerson, 'href="/oauth/sign-in?return_to=%2Ftool"')
  t.match(forOwner, description === undefined ? error : `${error}: ${description}`)
  t.match(forOwner, cause, 'cause')
  t.match(forOwner, remedy, 'remedy')
  if (docs !== undefined) t.match(forOwner, docs)
  t.match(forOwner, 'href="/oauth/test?provider=cognito"')
}

t.test('refusals that somebody makes up do not make the gateway ask the provider each time', async (t) => {
  const browser = createBrowser()
  const callbacks: string[] = []
  for (let i = 0; i < 4; i++) callbacks.push(`${callback}?error=unauthorized_client&state=${await leave(browser)}`)
  const { token: before = 0 } = (await control.log()).counts

  await Promise.all(callbacks.map((url) => browser.load(url)))

  const { token = 0 } = (await control.log()).counts
  t.ok(token - before <= 2, `${token - before} calls: without and with the secret, once`)
})
