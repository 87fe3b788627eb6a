/**
 * A parameter of a request is passed on to the provider, beside ours of the same name.
 * - mod_auth_openidc 2026-08-07, parameters
 */
import { join } from 'node:path'
import t from 'tap'
import { stringify } from 'yaml'
import { createBrowser } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'
import { toolgate } from '../support/toolgate.ts'

const { origin, cognito } = await startStack(t)
const own = ['client_id', 'redirect_uri', 'response_type', 'state', 'nonce', 'scope', 'code_challenge']
const more = ['code_challenge_method', 'response_mode', 'request', 'request_uri', 'prompt', 'login_hint', 'resource']

async function askedOf(address: string): Promise<URLSearchParams> {
  const { location = '' } = await createBrowser().open(address, (at) => at.startsWith(cognito.domain))
  return new URL(location).searchParams
}

t.test('the provider is asked in our words only, and each is there once', async (t) => {
  const usual = [...(await askedOf(`${origin}/oauth/sign-in`)).keys()]
  const extra = [...own, ...more].map((name) => `${name}=evil`).join('&')
  const addresses = [
    `/oauth/sign-in?${extra}`,
    `/tool?${extra}`,
    `/oauth/sign-in?return_to=${encodeURIComponent(`/tool?${extra}`)}`,
    `/oauth/sign-in?return_to=/tool&${extra}&return_to=/x`,
    `/oauth/sign-in?return_to=/tool%26client_id=evil%23&${extra}`,
  ]

  for (const address of addresses) {
    const parameters = await askedOf(origin + address)
    t.strictSame([...parameters.keys()], usual, address)
    t.notMatch(parameters.toString(), 'evil', address)
  }
})

t.test('the name of a provider is a name', async (t) => {
  for (const name of ['cognito&client_id=evil', 'cognito#', 'COGNITO', '__proto__', 'cognito/../x', '']) {
    const { status } = await createBrowser().load(`${origin}/oauth/sign-in?provider=${encodeURIComponent(name)}`)
    t.equal(status, 400, name)
  }
})

t.test('what we write ourselves cannot be configured beside it', async (t) => {
  for (const name of own) {
    const authorize_params = { [name]: 'x' }
    const pool = { domain: 'https://a.acme.io', user_pool_id: 'eu-west-1_Xk3fP9qLm', client_id: '4f7q' }
    const providers = { cognito: { type: 'cognito', ...pool, authorize_params } }
    const file = join(t.testdir({ 'a.yaml': stringify({ public_url: 'https://tools.acme.io', providers }) }), 'a.yaml')
    const { exitCode, out } = await toolgate('check', '--offline', '--config', file)
    t.equal(exitCode, 1, name)
    t.match(out, `authorize_params.${name}`)
  }
})
