import t from 'tap'
import { isReserved } from '../../src/core/reserved.ts'

t.test('the base path and our well-known names are reserved, with everything below them', async (t) => {
  const reserved = [
    '/oauth',
    '/oauth/',
    '/oauth/me',
    '/.well-known/oauth-authorization-server',
    '/.well-known/oauth-protected-resource/reports',
    '/.well-known/openid-configuration',
    '/.well-known/toolgate/jwks.json',
  ]

  t.strictSame(
    reserved.filter((path) => !isReserved(path, '/oauth')),
    [],
  )
})

t.test('names that only begin alike are not', async (t) => {
  const open = [
    '/',
    '/oauthx',
    '/me',
    '/.well-known/openid-configurations',
    '/.well-known/acme-challenge/x',
    '/x/oauth/me',
  ]

  t.strictSame(
    open.filter((path) => isReserved(path, '/oauth')),
    [],
  )
})
