import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { providerKinds } from '../../src/cli/init/provider-kinds.ts'
import { run } from '../../src/cli/run.ts'
import { loadConfig } from '../../src/config/load.ts'
import { startStack } from '../support/stack.ts'

/** Runs `toolgate init` without a terminal and gives its exit code and what it wrote. */
async function init(...argv: string[]) {
  const out: string[] = []
  const err: string[] = []
  const exitCode = await run(['init', ...argv], { out: (text) => out.push(text), err: (text) => err.push(text) })
  return { exitCode, out: out.join('\n'), err: err.join('\n') }
}

const pool = ['--user-pool-id', 'eu-west-1_Xk3fP9qLm']
const needed = [
  ...['--domain', 'https://acme.auth.eu-west-1.amazoncognito.com', ...pool],
  ...['--client-id', '4f7q2k9v1m3x8c5b', '--upstream', 'http://127.0.0.1:3000', '--no-check'],
]
const whole = [
  ...needed,
  ...['--public-url', 'https://tools.acme.io', '--client-secret-env', 'POOL_SECRET', '--provider', 'cognito'],
  ...['--route-name', 'reports', '--route-path', '/monthly/reports', '--store', 'redis://cache.acme.io:6379/2'],
]
const key = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64')

t.test('the written config is what was asked for, and has no problems', async (t) => {
  const file = join(t.testdir(), 'new', 'toolgate.yaml')

  const { exitCode, err } = await init('--yes', '--output', file, ...whole)
  const { config, warnings } = await loadConfig(file, { POOL_SECRET: 's3cret', TOOLGATE_KEY: key })

  t.equal(err, '')
  t.equal(exitCode, 0)
  t.strictSame(warnings, [])
  t.match(config, {
    public_url: 'https://tools.acme.io',
    store: { url: 'redis://cache.acme.io:6379/2' },
    providers: {
      cognito: {
        type: 'cognito',
        domain: 'https://acme.auth.eu-west-1.amazoncognito.com',
        user_pool_id: 'eu-west-1_Xk3fP9qLm',
        client_id: '4f7q2k9v1m3x8c5b',
        client_secret: 's3cret',
      },
    },
    routes: [{ name: 'reports', path: '/monthly/reports', upstream: 'http://127.0.0.1:3000', access: 'signed_in' }],
  })
  t.equal(config.encryption_keys.length, 1)
})

t.test('what is not asked for has its default, and a public client no secret', async (t) => {
  const file = join(t.testdir(), 'toolgate.yaml')

  await init('-y', '-o', file, ...needed)
  const { config, warnings } = await loadConfig(file, {})

  t.strictSame(warnings, [])
  t.match(config, {
    public_url: 'http://localhost:8080',
    listen: { host: '127.0.0.1', port: 8080 },
    store: { url: 'memory:' },
    routes: [{ name: 'tool', path: '/tool' }],
  })
  t.notOk('client_secret' in (config.providers.cognito ?? {}))
})

t.test('it says what to enter at AWS, which variables to set, and never shows a secret', async (t) => {
  const file = join(t.testdir(), 'toolgate.yaml')

  const { out } = await init('--yes', '-o', file, ...whole)

  t.match(out, /^ {2}Allowed callback URLs +https:\/\/tools\.acme\.io\/oauth\/callback$/m)
  t.match(out, /^ {2}Allowed sign-out URLs +https:\/\/tools\.acme\.io\/oauth\/signed-out$/m)
  t.match(out, /^ {2}OAuth 2.0 grant types +Authorization code grant$/m)
  t.match(out, /^ {2}OpenID Connect scopes +openid, profile, email$/m)
  t.match(out, 'export POOL_SECRET=...')
  t.match(out, 'export TOOLGATE_KEY=...')
})

t.test('the schema that its first line names is beside it', async (t) => {
  const folder = t.testdir()

  await init('--yes', '-o', join(folder, 'toolgate.yaml'), ...needed)

  t.match(
    readFileSync(join(folder, 'toolgate.yaml'), 'utf8'),
    /^# yaml-language-server: \$schema=\.\/toolgate\.schema\.json\n/,
  )
  t.match(JSON.parse(readFileSync(join(folder, 'toolgate.schema.json'), 'utf8')), { title: 'toolgate configuration' })
})

t.test('a file that is there is not written over without --force', async (t) => {
  const file = join(t.testdir({ 'toolgate.yaml': 'mine: true' }), 'toolgate.yaml')

  const refused = await init('--yes', '-o', file, ...needed)
  const kept = readFileSync(file, 'utf8')
  const forced = await init('--yes', '--force', '-o', file, ...needed)

  t.match(refused, { exitCode: 1, out: '', err: /is there already.*--force/ })
  t.equal(kept, 'mine: true')
  t.equal(forced.exitCode, 0)
  t.match(readFileSync(file, 'utf8'), 'public_url')
})

t.test('what is missing or wrong is said by option, all at once, and nothing is written', async (t) => {
  const file = join(t.testdir(), 'toolgate.yaml')

  const { exitCode, out, err } = await init(
    ...['--yes', '-o', file, '--domain', 'https://acme.auth.us-east-1.amazoncognito.com/path', ...pool],
    ...['--upstream', 'reports.internal', '--route-path', 'reports/', '--public-url', 'http://tools.acme.io'],
    ...['--client-secret-env', '1a2b3c4d5e6f7g8h9i0jsecret', '--store', 'redis://:hunter2@cache.acme.io'],
  )

  t.equal(exitCode, 1)
  t.equal(out, '')
  t.match(err, /^--client-id is missing/m)
  t.match(err, /^--domain must be https:\/\/ and a host/m)
  t.match(err, /^--upstream must be a whole/m)
  t.match(err, /^--route-path must start with \//m)
  t.match(err, /^--public-url must be https/m)
  t.match(err, /^--client-secret-env must be the name of an environment variable/m)
  t.match(err, /^--store holds a user name or a password/m)
  t.notMatch(err, /jsecret|hunter2/)
  t.notOk(existsSync(file))
})

t.test('a domain of another region than the pool is refused', async (t) => {
  const file = join(t.testdir(), 'toolgate.yaml')

  const { exitCode, err } = await init(
    ...['--yes', '-o', file, ...needed, '--domain', 'https://acme.auth.us-east-1.amazoncognito.com'],
  )

  t.equal(exitCode, 1)
  t.match(err, /^--user-pool-id is in another region than domain/m)
})

t.test('unknown options and providers are errors', async (t) => {
  t.match(await init('--yes', '--port', '1'), { exitCode: 1, err: /--port/ })
  t.match(await init('--yes', '--provider', 'toString'), { exitCode: 1, err: /--provider must be one of cognito/ })
  t.match(await init('--yes', 'extra'), { exitCode: 1, err: /extra/ })
})

t.test('an option of another kind of provider is an error, not ignored', async (t) => {
  const file = join(t.testdir(), 'toolgate.yaml')

  t.match(await init('--yes', '-o', file, ...needed, '--tenant', 'x'), {
    exitCode: 1,
    err: /--tenant does not go with/,
  })
  t.match(await init('--yes', '-o', file, '--provider', 'okta', '--aws-cli'), {
    exitCode: 1,
    err: /--aws-cli does not/,
  })
  t.notOk(existsSync(file))
})

t.test('every kind of provider has a first config without problems', async (t) => {
  const folder = t.testdir()
  for (const [type, { questions }] of Object.entries(providerKinds)) {
    const file = join(folder, `${type}.yaml`)
    const options = questions.flatMap(({ name, example, asked }) => (asked ? [] : [`--${name}`, example]))
    const rest = ['--upstream', 'http://127.0.0.1:3000', '--public-url', 'https://tools.acme.io', '--no-check']

    const { exitCode, out, err } = await init('--yes', '-o', file, '--provider', type, ...options, ...rest)
    const { config } = await loadConfig(file, { [`${type.toUpperCase()}_CLIENT_SECRET`]: 's3cret' })

    t.strictSame([exitCode, err], [0, ''], type)
    t.match(config.providers, { [type]: { type } })
    t.match(out, 'https://tools.acme.io/oauth/callback', type)
  }
})

t.test('without a terminal it asks for --yes instead of waiting', async (t) => {
  t.match(await init('-o', join(t.testdir(), 'toolgate.yaml')), { exitCode: 1, out: '', err: /no terminal.*--yes/ })
})

t.test('--help names every option', async (t) => {
  const { exitCode, out } = await init('--help')

  t.equal(exitCode, 0)
  for (const name of ['output', 'force', 'yes', 'public-url', 'domain', 'issuer', 'route-name', 'store', 'terraform']) {
    t.match(out, `--${name}`)
  }
})

t.test('the pool is asked for its domain, and the result is checked', async (t) => {
  const { cognito, echo } = await startStack(t)
  const file = join(t.testdir(), 'toolgate.yaml')

  const { exitCode, out } = await init(
    ...['--yes', '-o', file, '--issuer', cognito.issuer, '--client-id', '1localpublic', '--upstream', echo.url],
  )
  const { config } = await loadConfig(file, {})

  t.equal(exitCode, 0)
  t.match(config.providers.cognito, {
    domain: cognito.domain,
    issuer: cognito.issuer,
    user_pool_id: 'us-east-1_LocalPool',
  })
  t.match(out, `${file}: `)
})

t.test('a pool that cannot be asked leaves the domain missing', async (t) => {
  const { err, exitCode } = await init(
    ...['--yes', '-o', join(t.testdir(), 'toolgate.yaml'), '--issuer', 'http://localhost:1/us-east-1_LocalPool'],
    ...['--client-id', 'abc', '--upstream', 'http://127.0.0.1:3000'],
  )

  t.equal(exitCode, 1)
  t.match(err, /^--domain is missing/m)
})

t.test(
  'for who makes the app client, snippets with the exact addresses are printed and nothing is written',
  async (t) => {
    const file = join(t.testdir(), 'toolgate.yaml')
    const options = ['--yes', '-o', file, '--public-url', 'https://tools.acme.io', ...pool]
    const callback = 'https://tools.acme.io/oauth/callback'
    const signedOut = 'https://tools.acme.io/oauth/signed-out'

    await t.test('CloudFormation', async (t) => {
      const { out } = await init('--cloudformation', ...options, '--client-secret-env', 'POOL_SECRET')

      const { Resources } = parse(out, { customTags: [{ tag: '!Ref', resolve: (name: string) => ({ Ref: name }) }] })
      t.match(Resources.ToolgateClient.Properties, {
        UserPoolId: 'eu-west-1_Xk3fP9qLm',
        GenerateSecret: true,
        CallbackURLs: [callback],
        LogoutURLs: [signedOut],
        AllowedOAuthFlowsUserPoolClient: true,
        AllowedOAuthFlows: ['code'],
        AllowedOAuthScopes: ['openid', 'profile', 'email'],
      })
      t.match(Resources.ToolgateBranding.Properties, { ClientId: { Ref: 'ToolgateClient' } })
    })

    await t.test('Terraform', async (t) => {
      const { out } = await init('--terraform', ...options)

      const [, client = ''] = /^resource "aws_cognito_user_pool_client" "toolgate" \{\n([\s\S]*?)^\}/m.exec(out) ?? []
      const values = Object.fromEntries(
        client
          .trim()
          .split('\n')
          .map((line) => line.split(' = ').map((part) => part.trim()) as [string, string]),
      )
      t.match(values, { generate_secret: 'false', callback_urls: `["${callback}"]`, logout_urls: `["${signedOut}"]` })
      t.notMatch(out, 'client_secret"')
    })

    await t.test('AWS CLI', async (t) => {
      const { out } = await init('--aws-cli', ...options)

      const words = out.replaceAll('\\\n', ' ').split(/\s+/)
      t.equal(words[words.indexOf('--callback-urls') + 1], callback)
      t.equal(words[words.indexOf('--logout-urls') + 1], signedOut)
      t.equal(words[words.indexOf('--region') + 1], 'eu-west-1')
      t.ok(words.includes('--no-generate-secret'))
    })

    t.notOk(existsSync(file))
  },
)

t.test('an address that a shell would run or Terraform would fill in stays text', async (t) => {
  const options = ['--yes', ...pool, '--public-url', "https://$(id)'$${x}.acme.io"]

  const shell = await init('--aws-cli', ...options)
  const hcl = await init('--terraform', ...options)

  t.match(shell.out, "--callback-urls 'https://$(id)'\\''${x}.acme.io/oauth/callback'")
  t.match(hcl.out, `["https://$(id)'$\${x}.acme.io/oauth/callback"]`)
})
