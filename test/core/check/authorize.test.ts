import t from 'tap'
import {
  authorizeUrl,
  isClientKnown,
  isRegistered,
  readAuthorize,
  readLogin,
} from '../../../src/core/check/authorize.ts'
import { answered, inconclusive, redirected } from './answers.ts'

const domain = 'https://acme.auth.eu-west-1.amazoncognito.com'
const question = {
  endpoint: `${domain}/oauth2/authorize`,
  clientId: '4f7q',
  redirectUri: 'https://tools.acme.io/oauth/callback',
  scopes: ['openid', 'reports/read'],
  params: { identity_provider: 'Okta', state: 'theirs' },
  state: 'our-state',
  codeChallenge: 'our-challenge',
}
const callback = question.redirectUri

t.test('the request is the one that the gateway sends', async (t) => {
  const { origin, pathname, searchParams } = new URL(authorizeUrl(question))

  t.equal(origin + pathname, question.endpoint)
  t.strictSame(Object.fromEntries(searchParams), {
    identity_provider: 'Okta',
    state: 'our-state',
    response_type: 'code',
    client_id: '4f7q',
    redirect_uri: callback,
    scope: 'openid reports/read',
    nonce: 'our-state',
    code_challenge: 'our-challenge',
    code_challenge_method: 'S256',
  })
})

/** Answers seen on live pools or documented: where it leads, how it is read, whether callback and client are proved. */
const answers = [
  [`${domain}/login?client_id=4f7q`, 'passed', true, true],
  ['/login?client_id=4f7q', 'passed', true, true],
  ['https://acme.okta.com/sso', 'passed', true, true],
  [`${callback}?error=login_required&state=s`, 'passed', true, true],
  ['/error?error=invalid_request&client_id=4f7q', 'client', false, false],
  ['/error?error=redirect_mismatch&client_id=4f7q', 'callback', false, true],
  ['/error?error=Client+is+not+enabled+for+OAuth2.0+flows', 'oauth', false, true],
  ['/error?error=Client+is+not+enabled+for+OAuth2.0+flows.', 'oauth', false, true],
  [`${callback}?error_description=invalid_scope&state=s&error=invalid_request`, 'scope', true, true],
  [`${callback}?error=invalid_scope&state=s`, 'scope', true, true],
  [`${callback}?error_description=unauthorized_client&state=s&error=invalid_request`, 'flow', true, true],
  [`${callback}?error=unauthorized_client`, 'flow', true, true],
  [`${callback}?error=invalid_request`, 'refused_at_callback', true, true],
  [`${callback}?error=server_error`, 'unknown', false, false],
  ['/error?error=server_error', 'unknown', false, false],
  ['/error?error=Required+parameters+missing', 'refused', false, false],
  ['/error', 'refused', false, false],
] as const

t.test('each answer of the authorization endpoint has its meaning', async (t) => {
  for (const [location, verdict, registered, known] of answers) {
    const reading = readAuthorize(redirected(location), question)

    t.equal(reading.verdict, verdict, location)
    t.equal(isRegistered(reading), registered, location)
    t.equal(isClientKnown(reading), known, location)
  }
})

t.test('what proves nothing is unknown, also where it is no redirect', async (t) => {
  for (const [outcome, said] of inconclusive) {
    t.match(readAuthorize(outcome, question), { verdict: 'unknown', said })
    t.strictSame(readLogin(outcome, `${domain}/login`), { verdict: 'unknown', said })
  }
  t.equal(readAuthorize({ failure: 'refused', code: '' }, question).absence, 'down')
  t.equal(readAuthorize(answered(500), question).absence, 'down')
  t.equal(readAuthorize({ failure: 'timeout', code: '' }, question).absence, 'slow')
  t.equal(readAuthorize(answered(403), question).absence, undefined)
  for (const outcome of [answered(200), answered(400), answered(302), redirected('http://[')]) {
    t.equal(readAuthorize(outcome, question).verdict, 'unknown')
  }
  t.equal(readAuthorize(answered(404), question).verdict, 'absent')
})

t.test('only a sign-in page of the provider itself is asked for', async (t) => {
  t.equal(readAuthorize(redirected('/login?a=b'), question).loginUrl, `${domain}/login?a=b`)
  t.equal(readAuthorize(redirected('https://acme.okta.com/sso'), question).loginUrl, undefined)
})

t.test('what someone else wrote is shown on one line, without control characters, and short', async (t) => {
  const { said } = readAuthorize(redirected(`/error?error=a%1b%5b2J%0Ab%20${'x'.repeat(500)}`), question)

  t.match(said, /^the error page says "a \[2J b x+"$/)
  t.ok(said.length < 250)
})

t.test('the sign-in page can be used, lacks a branding style, or refuses', async (t) => {
  const unavailable = '<h1>Login pages unavailable. Please contact an administrator.</h1>'
  const read = (outcome: Parameters<typeof readLogin>[0]) =>
    readLogin(outcome, `${domain}/login?client_id=4f7q`).verdict

  t.equal(read(answered(200, { body: '<form>' })), 'usable')
  t.equal(read(redirected('https://acme.okta.com/sso')), 'usable')
  t.equal(read(answered(403, { body: unavailable })), 'branding')
  t.equal(read(answered(403, { body: 'Request blocked' })), 'unknown')
  t.equal(read(redirected('/error?error=Client+does+not+exist')), 'refused')
  t.equal(read(answered(404)), 'unknown')
})
