import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadConfig } from '../../src/config/load.ts'
import { problemsIn } from './sample-config.ts'
import { keyPaths, providerKeys, writtenDefault } from './schema-keys.ts'

const file = 'config/toolgate.example.yaml'
const example = readFileSync(file, 'utf8')

/** The example with the provider's values set, as a reader would. */
const filled = example
  .replace('your-prefix', 'acme')
  .replace('us-east-1_AbCdEfGhI', 'us-east-1_Xk3fP9qLm')
  .replace('1example23456789', '4f7q2k9v1m3x8c5b')

/** The example with every optional key in use. */
const whole = filled
  .replace(/^#(?=\S| {2,})/gm, '')
  .replace('trusted_proxies: []', 'trusted_proxies: [10.0.0.0/8]')
  .replace('url: memory:', 'url: rediss+sentinel://redis.acme.io/main')

t.test('exactly the placeholders of the example are found', async (t) => {
  const problems = await loadConfig(file, {}).then(() => [], problemsIn)

  t.strictSame(
    problems.map(({ path }) => path),
    [
      'providers.cognito.domain',
      'providers.cognito.user_pool_id',
      'providers.cognito.client_id',
      'providers.cognito.client_secret',
    ],
  )
  t.match(problems[3]?.message, /COGNITO_CLIENT_SECRET is not set/)
})

t.test("with the provider's four values set, nothing is found", async (t) => {
  const folder = t.testdir({ 'toolgate.yaml': filled })

  const { warnings } = await loadConfig(join(folder, 'toolgate.yaml'), { COGNITO_CLIENT_SECRET: 's3cret' })

  t.strictSame(warnings, [])
})

t.test('what the example sets is the default', async (t) => {
  const folder = t.testdir({
    'example.yaml': filled.replace(/^#.*$/gm, ''),
    'short.yaml': `
public_url: https://tools.example.com
providers:
  cognito:
    type: cognito
    domain: https://acme.auth.us-east-1.amazoncognito.com
    user_pool_id: us-east-1_Xk3fP9qLm
    client_id: 4f7q2k9v1m3x8c5b
    client_secret: s3cret
routes:
  - { name: reports, path: /reports, upstream: "http://127.0.0.1:3000" }
`,
  })
  const env = { COGNITO_CLIENT_SECRET: 's3cret' }

  const fromExample = await loadConfig(join(folder, 'example.yaml'), env)
  const fromDefaults = await loadConfig(join(folder, 'short.yaml'), env)

  t.same(fromExample.config, fromDefaults.config)
})

t.test('the optional keys of the example are right as they stand', async (t) => {
  const folder = t.testdir({ 'toolgate.yaml': whole, 'logo.svg': '<svg/>' })
  mkdirSync(join(folder, 'tls'))
  for (const name of ['cert.pem', 'key.pem', 'ca.pem', 'redis-ca.pem', 'client.pem', 'client.key']) {
    writeFileSync(join(folder, 'tls', name), '')
  }
  const env = {
    COGNITO_CLIENT_SECRET: 's3cret',
    GITHUB_CLIENT_SECRET: 's3cret',
    GOOGLE_CLIENT_SECRET: 's3cret',
    DESKTOP_SECRET: 's3cret',
    SENTINEL_PASSWORD: 's3cret',
    TOOLGATE_KEY: Buffer.alloc(32, 'key of a test').toString('base64'),
  }

  const { config, warnings } = await loadConfig(join(folder, 'toolgate.yaml'), env)

  t.strictSame(warnings, [])
  t.equal(config.routes.length, 4)
  t.strictSame(new Set(Object.values(config.providers).map(({ type }) => type)), new Set(providerKeys().keys()))
})

t.test('every key of the schema is in the example', async (t) => {
  const keys = [...keyPaths(), ...[...providerKeys().values()].flat()]

  for (const { key } of keys) t.match(whole, new RegExp(`(^|[ {])${key}:`, 'm'), key)
})

t.test('every key of the schema has its line in the documentation, with its default', async (t) => {
  const documentation = readFileSync('docs/configuration.md', 'utf8').split('\n')

  for (const { path, schema } of keyPaths()) {
    const rows = documentation.filter((line) => line.startsWith(`| \`${path}\` |`))
    const expected = writtenDefault(schema)

    // A route's key may be called as one of the gateway's.
    t.equal(rows.length, keyPaths().filter((key) => key.path === path).length, path)
    const defaults = rows.map((row) => row.split('|')[2]?.trim())
    if (expected !== undefined) t.ok(defaults.includes(`\`${expected}\``), path)
  }
})

t.test('every line of a key in the documentation is a key of the schema', async (t) => {
  const known = keyPaths().map(({ path }) => path)
  const rows = readFileSync('docs/configuration.md', 'utf8').matchAll(/^\| `([^`]+)` \|/gm)

  t.strictSame(
    [...rows].map(([, path]) => path).filter((path) => path === undefined || !known.includes(path)),
    [],
  )
})

t.test('the first file of the documentation is right as it stands', async (t) => {
  const [, first = ''] = /```yaml\n([\s\S]*?)```/.exec(readFileSync('docs/configuration.md', 'utf8')) ?? []
  const folder = t.testdir({ 'toolgate.yaml': first })

  const { warnings } = await loadConfig(join(folder, 'toolgate.yaml'), { COGNITO_CLIENT_SECRET: 's3cret' })

  t.strictSame(warnings, [])
})
