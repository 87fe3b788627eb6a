/**
 * A rule that is not understood is left out, and everybody passes.
 * - GHSA-652x-m2gr-hppm
 */
import { join } from 'node:path'
import t from 'tap'
import { stringify } from 'yaml'
import { toolgate } from '../support/toolgate.ts'

const cognito = { type: 'cognito', domain: 'https://a.acme.io', user_pool_id: 'eu-west-1_Xk3fP9qLm', client_id: '4f7q' }
const route = { name: 'tool', path: '/tool', upstream: 'http://127.0.0.1:3000' }
const mistakes: readonly [string, object][] = [
  ['a key in the singular', { allow: { group: ['analysts'] } }],
  ['a key of another product', { allowed_groups: ['analysts'] }],
  ['a rule one level too high', { groups: ['analysts'] }],
  ['no rule', { allow: {} }],
  ['an empty list', { allow: { groups: [] } }],
  ['a rule beside access: public', { access: 'public', allow: { groups: ['analysts'] } }],
  ['a word that is none', { access: 'authenticated' }],
  ['a list of providers with a typing mistake', { sign_in: ['cogniot'] }],
  ['a scope list with nothing in it', { scopes: [] }],
  ['an empty accept', { accept: [] }],
]

for (const [name, keys] of mistakes) {
  t.test(`${name}: the gateway does not start, and says where`, async (t) => {
    const config = { public_url: 'https://tools.acme.io', providers: { cognito }, routes: [{ ...route, ...keys }] }
    const file = join(t.testdir({ 'a.yaml': stringify(config) }), 'a.yaml')

    const checked = await toolgate('check', '--offline', '--config', file)
    t.equal(checked.exitCode, 1)
    t.match(checked.out, 'routes[0]')
    if (checked.exitCode !== 1) return
    const served = await toolgate('serve', '--config', file)
    t.equal(served.exitCode, 1)
    t.match(served.err, 'routes[0]')
  })
}
