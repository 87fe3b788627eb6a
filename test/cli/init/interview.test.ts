import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadConfig } from '../../../src/config/load.ts'
import { startStack } from '../../support/stack.ts'
import { enter, init } from './typing.ts'

const controlC = '\u0003'

t.test('it asks until everything is known, and takes the suggestions on Enter', async (t) => {
  const { cognito, echo } = await startStack(t)
  const file = join(t.testdir(), 'toolgate.yaml')

  const { exitCode, left } = await init(
    ['-o', file, '--no-check'],
    [
      ['Who signs people in?', enter],
      ['Which address will people open?', enter],
      ['Which user pool?', `${cognito.issuer}/.well-known/jwks.json${enter}`],
      [cognito.domain, enter],
      ['What is the client ID', `1localexample${enter}`],
      ['have a client secret?', enter],
      ['What is the first tool called?', `reports${enter}`],
      ['Under which path', enter],
      ['Where does the tool itself run?', `${echo.url}${enter}`],
      ['Where are sessions kept?', enter],
    ],
  )
  const { config, warnings } = await loadConfig(file, { COGNITO_CLIENT_SECRET: 's3cret' })

  t.strictSame(left, [])
  t.equal(exitCode, 0)
  t.strictSame(warnings, [])
  t.match(config, {
    public_url: 'http://localhost:8080',
    providers: {
      cognito: {
        domain: cognito.domain,
        issuer: cognito.issuer,
        user_pool_id: 'us-east-1_LocalPool',
        client_id: '1localexample',
        client_secret: 's3cret',
      },
    },
    routes: [{ name: 'reports', path: '/reports', upstream: echo.url }],
  })
})

t.test('a wrong answer is met with the rule of the config, and asked for again', async (t) => {
  const file = join(t.testdir(), 'toolgate.yaml')
  const given = '--provider cognito --no-check --public-url https://tools.acme.io --domain auth.acme.io --store memory:'

  const { left } = await init(
    ['-o', file, ...given.split(' ')],
    [
      ['What is the user pool ID?', `Xk3fP9qLm${enter}`],
      ['must be REGION_ID', `${'\b'.repeat(9)}eu-west-1_Xk3fP9qLm${enter}`],
      ['What is the client ID', `4f7q2k9v1m3x8c5b${enter}`],
      ['have a client secret?', `n`],
      ['What is the first tool called?', enter],
      ['Under which path', enter],
      ['Where does the tool itself run?', `http://127.0.0.1:3000${enter}`],
    ],
  )
  const { config, warnings } = await loadConfig(file, {})

  t.strictSame(left, [])
  t.strictSame(warnings, [])
  t.match(config.providers.cognito, { domain: 'https://auth.acme.io', user_pool_id: 'eu-west-1_Xk3fP9qLm' })
})

t.test('giving up writes nothing', async (t) => {
  const file = join(t.testdir(), 'toolgate.yaml')

  const { exitCode, err } = await init(['-o', file], [['Who signs people in?', controlC]])

  t.equal(exitCode, 1)
  t.equal(err, 'Nothing was written.')
  t.notOk(existsSync(file))
})

t.test('options that are wrong are said before anything is asked', async (t) => {
  const file = join(t.testdir(), 'toolgate.yaml')

  await t.rejects(init(['-o', file, '--provider', 'cognito', '--upstream', 'nowhere'], []), {
    message: /^--upstream must be/,
  })
})

t.test('another kind of provider asks for what it needs', async (t) => {
  const file = join(t.testdir(), 'toolgate.yaml')
  const down = '\u001b[B'
  const given = '--no-check --public-url https://tools.acme.io --upstream http://[::1] --store memory:'

  const { exitCode, left } = await init(
    ['-o', file, ...given.split(' ')],
    [
      ['Who signs people in?', `${down.repeat(5)}${enter}`],
      ['What is the url at Keycloak?', `https://sso.acme.io${enter}`],
      ['What is the realm at Keycloak?', `acme${enter}`],
      ['What is the client ID at Keycloak?', `toolgate${enter}`],
      ['have a client secret?', enter],
      ['What is the first tool called?', enter],
      ['Under which path', enter],
    ],
  )
  const { config } = await loadConfig(file, { KEYCLOAK_CLIENT_SECRET: 's3cret' })

  t.strictSame([exitCode, left], [0, []])
  t.match(config.providers, { keycloak: { type: 'keycloak', url: 'https://sso.acme.io', realm: 'acme' } })
})

t.test('a snippet is asked for its own questions only', async (t) => {
  const { exitCode, out, left } = await init(
    ['--terraform'],
    [
      ['Which address will people open?', `https://tools.acme.io${enter}`],
      ['What is the user pool ID?', `eu-west-1_Xk3fP9qLm${enter}`],
      ['have a client secret?', enter],
    ],
  )

  t.strictSame([exitCode, left], [0, []])
  t.match(out, 'callback_urls                        = ["https://tools.acme.io/oauth/callback"]')
  t.match(out, 'generate_secret                      = true')
})
