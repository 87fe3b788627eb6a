import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import Schema from 'typebox/schema'
import { configSchema } from '../../src/config/editor-schema.ts'
import { keyPaths, providerKeys } from './schema-keys.ts'

const minimal = {
  public_url: 'https://tools.acme.io',
  providers: { cognito: { type: 'cognito', domain: 'https://auth.acme.io', client_id: 'abc' } },
  routes: [{ name: 'reports', path: '/reports', upstream: 'http://127.0.0.1:3000' }],
}

const accepts = (config: unknown): boolean => Schema.Check(configSchema as never, config)

t.test('every key is described, and shows a default or an example where it holds a single value', async (t) => {
  for (const { path, schema } of [...keyPaths(), ...[...providerKeys().values()].flat()]) {
    t.match(schema.description, /\.$/, path)
    if (schema.type === 'object' || schema.type === 'array') continue
    if ('enum' in schema && path === 'type') continue
    t.ok(schema.default !== undefined || schema.examples !== undefined, path)
  }
})

t.test('the file that editors read is the schema of this release', async (t) => {
  const written = JSON.parse(readFileSync('config/toolgate.schema.json', 'utf8'))

  t.same(written, configSchema, 'run: npm run -s toolgate -- config schema > config/toolgate.schema.json')
})

t.test('in that file every key is described, and a single value has a default or an example', async (t) => {
  const properties = propertiesOf(JSON.parse(readFileSync('config/toolgate.schema.json', 'utf8')))

  t.ok(properties.length > 50)
  for (const [path, { description, type, properties: members, ...shown }] of properties) {
    t.match(description, /\.$/, path)
    const isSingle = members === undefined && type === undefined && !path.endsWith('.type') && !path.endsWith('.file')
    if (isSingle) t.ok('default' in shown || 'examples' in shown, path)
  }
})

t.test('the first line of the example names that file', async (t) => {
  const [first = ''] = readFileSync('config/toolgate.example.yaml', 'utf8').split('\n')
  const [, named = ''] = /^# yaml-language-server: \$schema=(\S+)$/.exec(first) ?? []

  t.equal(join('config', named), 'config/toolgate.schema.json')
})

t.test('it is plain JSON, without words of ours', async (t) => {
  const written = JSON.stringify(configSchema)

  t.same(JSON.parse(written), configSchema)
  t.notMatch(written, /keyErrorMessage|keyRule|readableFile|"~/)
})

t.test('durations are strings with a pattern', async (t) => {
  const { sessions } = configSchema.properties as unknown as Record<string, { properties: Record<string, unknown> }>

  t.match(sessions?.properties.idle, { default: '12h', anyOf: [{ type: 'string', pattern: String }] })
})

t.test('it accepts a config without what has a default', async (t) => {
  t.ok(accepts(minimal))
})

t.test('it accepts references to the environment and to files', async (t) => {
  t.ok(accepts({ ...minimal, listen: { port: '${PORT:-8080}' }, sessions: { idle: '${IDLE}' } }))
  t.ok(accepts({ ...minimal, encryption_keys: [{ file: '/run/secrets/key' }], log: { level: { file: 'level' } } }))
})

t.test('the type of a provider decides which keys it has', async (t) => {
  const withProvider = (provider: object) => ({ ...minimal, providers: { sso: provider } })

  t.ok(accepts(withProvider({ type: 'okta', domain: 'https://acme.okta.com', client_id: 'abc' })))
  t.ok(accepts(withProvider({ type: 'oidc', issuer: 'https://sso.acme.io', client_id: 'abc' })))
  t.notOk(accepts(withProvider({ type: 'oidc', domain: 'https://acme.okta.com', client_id: 'abc' })))
  t.notOk(accepts(withProvider({ type: 'github', client_id: 'abc' })))
  t.notOk(accepts(withProvider({ type: 'gitlab', client_id: 'abc' })))
})

t.test('it refuses unknown keys, missing keys and wrong kinds', async (t) => {
  t.notOk(accepts({ ...minimal, publicUrl: 'x' }))
  t.notOk(accepts({ ...minimal, public_url: undefined }))
  t.notOk(accepts({ ...minimal, listen: { port: 'http' } }))
  t.notOk(accepts({ ...minimal, listen: { port: { file: 'port' } } }))
  t.notOk(accepts({ ...minimal, sessions: { idle: '12 hours' } }))
  t.notOk(accepts({ ...minimal, providers: { Cognito: minimal.providers.cognito } }))
  t.notOk(accepts({ ...minimal, routes: [{ ...minimal.routes[0], inject: { header: 'X-A' } }] }))
})

interface Shown {
  readonly description?: string
  readonly type?: string
  readonly properties?: Readonly<Record<string, Shown>>
}

/** Every property of a JSON Schema with its path, at any depth. */
function propertiesOf(node: unknown, path = ''): readonly (readonly [path: string, schema: Shown])[] {
  if (typeof node !== 'object' || node === null) return []
  return Object.entries(node).flatMap(([keyword, value]) => {
    const here = `${path}.${keyword}`
    const found = propertiesOf(value, here)
    if (keyword !== 'properties') return found
    return [
      ...Object.entries(value as Record<string, Shown>).map(([key, child]) => [`${here}.${key}`, child] as const),
      ...found,
    ]
  })
}
