import t from 'tap'
import { checkGeneral, type GeneralProvider } from '../../../src/core/check/general.ts'
import type { ProbeOutcome, ProbeRequest } from '../../../src/core/check/probe.ts'
import { answered, json, redirected } from './answers.ts'

const issuer = 'https://id.acme.io/'
const metadata = {
  issuer,
  authorization_endpoint: 'https://id.acme.io/authorize',
  token_endpoint: 'https://id.acme.io/token',
}
const callback = 'https://tools.acme.io/oauth/callback'

const provider: GeneralProvider = {
  name: 'acme',
  title: 'Acme',
  protocol: 'openid',
  isCognito: false,
  issuer,
  issuerPattern: undefined,
  endpoints: {},
  discovers: true,
  clientId: 'toolgate',
  clientSecret: 'secret',
  clientAuthentication: 'client_secret_post',
  scopes: ['openid'],
  authorizeParams: {},
  claimNames: { user: 'sub', email: 'email', name: 'name', groups: 'groups' },
  requiredClaims: {},
  subject: undefined,
  trustUnverifiedEmail: false,
  signOut: 'local',
  refreshLifetimeMs: 1,
  timeoutMs: 1,
  maxRate: 1,
  redirectUri: callback,
  signedOutUrl: 'https://tools.acme.io/oauth/signed-out',
}

/** Checks a provider that answers so, and gives status and answer of each finding. */
async function checked(answers: Readonly<Record<string, ProbeOutcome>>, patch: Partial<GeneralProvider> = {}) {
  const asked: ProbeRequest[] = []
  const findings = await checkGeneral({ ...provider, ...patch }, async (request) => {
    asked.push(request)
    return answers[new URL(request.url).pathname] ?? answered(404)
  })
  return { asked, findings: findings.map(({ status, answer }) => `${status}: ${answer}`) }
}

const discovery = { '/.well-known/openid-configuration': json(200, metadata) }
const login = { '/authorize': answered(200) }
const token = { '/token': json(400, { error: 'invalid_grant' }) }

t.test('the endpoints come from the metadata, and client and secret go where the config says', async (t) => {
  const { asked, findings } = await checked({ ...discovery, ...login, ...token })

  t.match(findings, [/^ok: /, /^ok: Yes: 200, a page/, 'ok: Yes.'])
  const [{ form } = {}] = asked.filter(({ form }) => form?.client_secret !== undefined)
  t.match(form, { client_id: 'toolgate', client_secret: 'secret' })
})

t.test('without discovery the endpoints of the config are asked', async (t) => {
  const endpoints = { authorizationEndpoint: 'https://id.acme.io/authorize', tokenEndpoint: 'https://id.acme.io/token' }

  const { findings } = await checked({ ...login, ...token }, { discovers: false, issuer: undefined, endpoints })

  t.match(findings, [/^ok: /, /^ok: /])
})

t.test('of an issuer that is another, or of plain http, nothing is asked', async (t) => {
  const other = { '/.well-known/openid-configuration': json(200, { ...metadata, issuer: 'https://id.acme.io' }) }
  const plain = { ...metadata, token_endpoint: 'http://id.acme.io/token' }

  const mistaken = await checked({ ...other, ...login, ...token })
  const insecure = await checked({ '/.well-known/openid-configuration': json(200, plain), ...login, ...token })

  t.match(mistaken.findings, [/^problem: .*it calls itself https:\/\/id\.acme\.io\.$/, /^unknown: /])
  t.match(insecure.findings, [/^ok: /, /^unknown: /])
  for (const { asked } of [mistaken, insecure]) t.equal(asked.length, 1)
})

t.test('each answer of the authorization endpoint has its meaning', async (t) => {
  const rows = [
    [redirected('/interaction/1'), /^ok: .*on to id\.acme\.io/],
    [redirected(`${callback}?error=login_required`), /^ok: /],
    [redirected(`${callback}?error=invalid_scope`), /^problem: .*"invalid_scope"/],
    [redirected(`${callback}?error=unsupported_response_type`), /^problem: .*"unsupported_response_type"/],
    [redirected(`${callback}?error=invalid_request&error_description=no`), /^problem: .*"invalid_request", "no"/],
    [redirected('/signin/oauth/error?authError=x'), /^problem: .*client ID is not known, or the callback URL/],
    [answered(400), /^problem: .*400.*client ID is not known, or the callback URL/],
    [answered(503), /^unknown: .*503/],
    [answered(403), /^unknown: .*403/],
    [{ failure: 'refused', code: '' }, /^unknown: .*refused/],
  ] as const

  for (const [outcome, finding] of rows) {
    const { findings } = await checked({ ...discovery, '/authorize': outcome, ...token })

    t.match(findings[1], finding)
  }
})

t.test('each answer of the token endpoint has its meaning', async (t) => {
  const rows = [
    [json(401, { error: 'invalid_client' }), /^problem: .*invalid_client/],
    [json(401, { error: 'unauthorized_client' }), /^unknown: .*not right, or refreshing is not allowed/],
    [json(400, { error: 'invalid_request' }), /^unknown: /],
    [answered(200, { body: 'error=bad_verification_code' }), /^unknown: /],
  ] as const

  for (const [outcome, finding] of rows) {
    const { findings } = await checked({ ...discovery, ...login, '/token': outcome })

    t.match(findings[2], finding)
  }
})
