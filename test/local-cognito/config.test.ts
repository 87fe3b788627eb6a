import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { loadLocalCognitoConfig, localCognitoConfig } from '../../src/local-cognito/config.ts'
import { startLocalCognito } from '../../src/local-cognito/start.ts'

t.test('the sample file loads, with two users in different groups, a confidential and a public client', async (t) => {
  const { domain, pool } = await loadLocalCognitoConfig('config/local-cognito.yaml')

  t.equal(domain.public_url, 'http://localhost:9230')
  t.strictSame(
    pool.users.map(({ username, groups }) => [username, ...groups]),
    [
      ['ada', 'analysts'],
      ['grace', 'operators'],
    ],
  )
  t.strictSame(
    pool.clients.map(({ id, secrets }) => [id, ...secrets]),
    [['1localexample', 'local-secret'], ['1localpublic']],
  )
})

t.test('the sample file shows every key with its default', async (t) => {
  const { pool, ...sections } = await loadLocalCognitoConfig('config/local-cognito.yaml')

  const bare = localCognitoConfig({ pool: { clients: [{ id: 'x' }] } })

  const [shown] = pool.clients
  const [standard] = bare.pool.clients
  t.strictSame(Object.keys(shown ?? {}).sort(), Object.keys(standard ?? {}).sort())
  t.strictSame(Object.keys(pool).sort(), Object.keys(bare.pool).sort())
  for (const key of [
    'flows',
    'identity_providers',
    'oauth',
    'branding',
    'access_token',
    'rotation',
    'revocation',
  ] as const) {
    t.strictSame(shown?.[key], standard?.[key], key)
  }
  for (const section of ['domain', 'issuer', 'control'] as const) {
    t.equal(sections[section].port, bare[section].port)
  }
})

t.test('the design’s own example loads', async (t) => {
  const config = localCognitoConfig({
    domain: { host: '127.0.0.1', port: 9230 },
    issuer: { host: '127.0.0.1', port: 9231 },
    control: { host: '127.0.0.1', port: 9232 },
    pool: {
      id: 'us-east-1_LocalPool',
      managed_login: 2,
      strict_resource: true,
      resource_servers: [{ identifier: 'reports', scopes: ['read', 'write'] }],
      users: [
        {
          username: 'ada',
          password: 'Passw0rd!',
          email: 'ada@example.com',
          email_verified: true,
          groups: ['analysts'],
          attributes: { name: 'Ada Lovelace', 'custom:team': 'research' },
        },
      ],
      clients: [
        {
          id: '1localexample',
          secrets: ['local-secret'],
          callback_urls: ['http://localhost:8080/oauth/callback'],
          logout_urls: ['http://localhost:8080/oauth/signed-out'],
          flows: ['code'],
          scopes: ['openid', 'profile', 'email', 'reports/read'],
          oauth: true,
          branding: true,
          access_token: '60m',
          rotation: { enabled: false, grace: '60s' },
          readable_attributes: 'all',
        },
      ],
    },
  })

  t.equal(config.pool.clients[0]?.refresh_token, '30d')
})

const invalid: [cause: string, value: unknown, message: string][] = [
  ['an unknown key', { pool: { user: [] } }, 'pool must not have user'],
  [
    'a bad duration',
    { pool: { clients: [{ id: 'x', access_token: '1 hour' }] } },
    'pool.clients.0.access_token must be a duration such as 5s, 60m or 30d',
  ],
  [
    'a bad flow',
    { pool: { clients: [{ id: 'x', flows: ['password'] }] } },
    'pool.clients.0.flows.0 must be one of code, implicit, client_credentials',
  ],
  ['a missing password', { pool: { users: [{ username: 'ada' }] } }, 'pool.users.0 must have password'],
  ['a client that is there twice', { pool: { clients: [{ id: 'x' }, { id: 'x' }] } }, 'pool.clients: x is there twice'],
  ['two problems', { domain: { prt: 1 }, issuer: { prt: 1 } }, 'domain must not have prt; issuer must not have prt'],
  ['a list', [], ''],
]

t.test('an invalid file is told by path, in one line', async (t) => {
  for (const [cause, value, message] of invalid) {
    await t.test(cause, async (t) => {
      t.throws(() => localCognitoConfig(value), { name: 'Error', message: message === '' ? /\S/ : message })
    })
  }
})

t.test('public_url is announced in place of the bound address; port 0 becomes the bound port', async (t) => {
  const config = localCognitoConfig({
    domain: { port: 0, public_url: 'https://auth.example.test' },
    issuer: { port: 0, public_url: 'http://issuer.localhost:0' },
    control: { port: 0 },
  })

  const { domain, issuer, control, close } = await startLocalCognito(config)
  t.teardown(close)
  const answer = await fetch(`${control}/log`)

  t.equal(domain, 'https://auth.example.test')
  t.match(issuer, /^http:\/\/issuer\.localhost:[1-9]\d+\/us-east-1_LocalPool$/)
  t.equal(answer.status, 200)
})

t.test('cookies are Secure when the announced domain is https', async (t) => {
  const port = 0
  const taken = await freePort()
  const config = localCognitoConfig({
    domain: { port: taken, public_url: 'https://auth.example.test' },
    issuer: { port },
    control: { port },
  })

  const { close } = await startLocalCognito(config)
  t.teardown(close)
  const answer = await fetch(`http://127.0.0.1:${taken}/error`)

  t.match(answer.headers.get('set-cookie'), '; Secure')
})

t.test('a taken port is told with its key, and the others are let go', async (t) => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  t.teardown(() => other.close())
  const { port } = other.address() as AddressInfo
  const domainPort = await freePort()
  const config = { domain: { port: domainPort }, issuer: { port }, control: { port: 0 } }

  await t.rejects(startLocalCognito(localCognitoConfig(config)), {
    message: `Port ${port} on 127.0.0.1 is taken; it is issuer.port in the configuration.`,
  })
  const { close } = await startLocalCognito(localCognitoConfig({ ...config, issuer: { port: 0 } }))
  await close()
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
