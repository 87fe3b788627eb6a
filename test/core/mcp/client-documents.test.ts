import t from 'tap'
import type { ClientAuthentication } from '../../../src/core/mcp/client.ts'
import { createFindByDocument } from '../../../src/core/mcp/client-documents.ts'

const id = 'https://app.test/client.json'
const usual = { client_id: id, client_name: 'An app', redirect_uris: ['https://app.test/callback'] }
const jwks = { keys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }] }

/** Looks for the client of a document. */
const find = (document: unknown, at = id) => createFindByDocument(async () => document)(at)

t.test('a client is what its document says', async (t) => {
  t.match(await find(usual), {
    ...{ id, name: 'An app', known: 'document', redirectUris: usual.redirect_uris },
    ...{ authentications: ['none'], keys: undefined },
  })
  t.equal((await find({ ...usual, client_name: undefined }))?.name, '')
  t.equal((await find(usual))?.hasSecret(''), false)
})

t.test('an id that is no https address is no document’s', async (t) => {
  for (const other of ['known', 'reg_x', 'http://app.test/client.json', '//app.test/client', 'urn:app', '']) {
    t.equal(await find(usual, other), undefined, other)
  }
})

t.test('the address is taken to the letter, and is refused in any but its plain form', async (t) => {
  const addresses: Readonly<Record<string, string>> = {
    'no path': 'https://app.test',
    'a path of nothing': 'https://app.test/',
    'a query alone': 'https://app.test/?client=1',
    'dot segments': 'https://app.test/a/../client.json',
    'a dot segment': 'https://app.test/./client.json',
    'encoded dot segments': 'https://app.test/a/%2e%2E/client.json',
    'a fragment': `${id}#a`,
    'an empty fragment': `${id}#`,
    'a user': 'https://me@app.test/client.json',
    'an empty user': 'https://@app.test/client.json',
    'a password': 'https://:secret@app.test/client.json',
    'capitals in the host': 'https://APP.test/client.json',
    'capitals in the scheme': 'HTTPS://app.test/client.json',
    'the usual port': 'https://app.test:443/client.json',
    'a backslash': 'https://app.test\\client.json',
    'no slashes': 'https:app.test/client.json',
    'a space': 'https://app.test/client .json',
    'a line feed': 'https://app.test/client\n.json',
    'an address as a number': 'https://2130706433/client.json',
    'a letter beyond ASCII': 'https://äpp.test/client.json',
    'too much': `${id}?${'x'.repeat(500)}`,
  }
  for (const [what, at] of Object.entries(addresses)) {
    await t.rejects(find({ ...usual, client_id: at }, at), { code: 'invalid_client', message: /client_id must/ }, what)
  }
  for (const at of [`${id}?version=2`, 'https://app.test:8443/client', 'https://app.test/a//b/']) {
    t.equal((await find({ ...usual, client_id: at }, at))?.id, at)
  }
})

t.test('a document that breaks a rule is refused, and says which', async (t) => {
  const documents: readonly (readonly [about: RegExp, document: unknown])[] = [
    [/client_id in it/, { ...usual, client_id: undefined }],
    [/client_id in it/, { ...usual, client_id: `${id}/` }],
    [/client_id in it/, { ...usual, client_id: 'https://APP.test/client.json' }],
    [/client_id in it/, undefined],
    [/client_id in it/, null],
    [/client_id in it/, [usual]],
    [/client_id in it/, 'text'],
    [/client_secret/, { ...usual, client_secret: 's' }],
    [/client_secret_expires_at/, { ...usual, client_secret_expires_at: 0 }],
    [/redirect_uris/, { ...usual, redirect_uris: undefined }],
    [/redirect_uris/, { ...usual, redirect_uris: [] }],
    [/redirect_uris/, { ...usual, redirect_uris: 'https://app.test/callback' }],
    [/redirect_uris/, { ...usual, redirect_uris: ['http://app.test/callback'] }],
    [/redirect_uris/, { ...usual, redirect_uris: [...usual.redirect_uris, 'javascript:alert(1)'] }],
    [/redirect_uris/, { ...usual, redirect_uris: ['data:text/html,x'] }],
    [/redirect_uris/, { ...usual, redirect_uris: Array(51).fill('https://app.test/callback') }],
    [/client_name/, { ...usual, client_name: { en: 'An app' } }],
    [/grant_types/, { ...usual, grant_types: ['client_credentials'] }],
    [/response_types/, { ...usual, response_types: ['token'] }],
    [/token_endpoint_auth_method/, { ...usual, token_endpoint_auth_method: 'client_secret_basic' }],
    [/token_endpoint_auth_method/, { ...usual, token_endpoint_auth_method: 'client_secret_jwt' }],
    [/token_endpoint_auth_method/, { ...usual, token_endpoint_auth_method: 'tls_client_auth' }],
    [/token_endpoint_auth_method/, { ...usual, token_endpoint_auth_methods_supported: ['client_secret_post'] }],
    [/private_key_jwt needs/, { ...usual, token_endpoint_auth_method: 'private_key_jwt' }],
    [/keep one/, { ...usual, jwks, jwks_uri: 'https://app.test/jwks' }],
    [/jwks_uri must be https/, { ...usual, jwks_uri: 'http://app.test/jwks' }],
    [/jwks must have keys/, { ...usual, jwks: {} }],
    [/jwks must have keys/, { ...usual, jwks: { keys: [] } }],
    [/jwks must have keys/, { ...usual, jwks: { keys: Array(21).fill(jwks.keys[0]) } }],
    [/public keys alone/, { ...usual, jwks: { keys: [...jwks.keys, { ...jwks.keys[0], d: 'd' }] } }],
    [/public keys alone/, { ...usual, jwks: { keys: [{ kty: 'oct', k: 'k' }] } }],
  ]
  for (const [about, document] of documents) {
    await t.rejects(find(document), { code: 'invalid_client', message: about })
  }
})

t.test('where codes go: the web, a loopback address, a scheme of the app', async (t) => {
  const redirect_uris = ['https://app.test/callback', 'http://localhost/callback', 'http://[::1]/', 'cursor://a/b']

  t.same((await find({ ...usual, redirect_uris }))?.redirectUris, redirect_uris)
})

t.test('a client authenticates in the ways it names that are ours, too', async (t) => {
  const jwks_uri = 'https://app.test/jwks.json'
  const named: readonly (readonly [object, readonly ClientAuthentication[]])[] = [
    [{}, ['none']],
    [{ token_endpoint_auth_method: 'none' }, ['none']],
    [{ token_endpoint_auth_method: 'private_key_jwt', jwks_uri }, ['private_key_jwt']],
    [{ token_endpoint_auth_methods_supported: ['private_key_jwt'], jwks }, ['private_key_jwt']],
    // ChatGPT
    [
      {
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_methods_supported: ['none', 'private_key_jwt'],
        jwks_uri,
      },
      ['private_key_jwt', 'none'],
    ],
    [{ token_endpoint_auth_method: 'none', token_endpoint_auth_methods_supported: ['private_key_jwt'] }, ['none']],
    [{ token_endpoint_auth_methods_supported: ['none', 'client_secret_post', 'tls_client_auth'] }, ['none']],
  ]
  for (const [members, authentications] of named) {
    t.same((await find({ ...usual, ...members }))?.authentications, authentications, JSON.stringify(members))
  }
})
