import { readFileSync } from 'node:fs'
import t from 'tap'
import { parseConfig } from '../../src/config/load.ts'
import type { Preset } from '../../src/config/presets/preset.ts'
import { presets } from '../../src/config/presets/presets.ts'
import { providerKeys, writtenDefault } from './schema-keys.ts'

const [, ...sections] = readFileSync('docs/providers.md', 'utf8').split(/^## /m)

function section(title: string): string {
  return sections.find((text) => text.startsWith(`${title}\n`)) ?? ''
}

/** The default of each key that has a line in a section. */
function defaultsIn(text: string): ReadonlyMap<string, string> {
  const rows = text.matchAll(/^\| `([^`]+)` \| (.*?) ?\| /gm)
  return new Map([...rows].map(([, key = '', written = '']) => [key, written.trim()]))
}

const common = defaultsIn(section('Keys of every type'))

t.test('every key of every type has its line, with its default', async (t) => {
  for (const [type, keys] of providerKeys()) {
    const own = defaultsIn(section(type))
    for (const { path, schema } of keys) {
      const written = own.get(path) ?? common.get(path)
      const value = writtenDefault(schema)

      t.not(written, undefined, `${type}: ${path}`)
      if (value !== undefined) t.equal(written, `\`${value}\``, `${type}: ${path}`)
    }
  }
})

t.test('every line of a type is one of its keys', async (t) => {
  for (const [type, keys] of providerKeys()) {
    const known = keys.map(({ path }) => path)

    t.strictSame(
      [...defaultsIn(section(type)).keys()].filter((key) => !known.includes(key)),
      [],
      type,
    )
  }
})

t.test('the example of each type is right as it stands', async (t) => {
  for (const type of providerKeys().keys()) {
    const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(section(type)) ?? []
    const env = { [`${type.toUpperCase()}_CLIENT_SECRET`]: 's3cret', CRM_CLIENT_SECRET: 's3cret' }

    const { config, warnings } = await parseConfig(
      `public_url: https://tools.acme.io\n${example}routes: [{ name: a, path: /a, upstream: "http://[::1]", access: public }]`,
      'toolgate.yaml',
      env,
    )

    t.strictSame(
      Object.values(config.providers).map((provider) => provider.type),
      [type],
    )
    t.strictSame(warnings, [], type)
  }
})

t.test('where a preset finds its values is said in its section', async (t) => {
  for (const [type, preset] of Object.entries<Preset>(presets)) {
    const values = Object.entries(preset.values).map(([key, { where }]) => [key, where] as const)
    for (const [key, where] of [...values, ...Object.entries(preset.where)]) {
      const name = key === 'callback' ? key : `\`${key}\``
      t.ok(section(type).includes(`- ${name}: ${where}\n`), `${type}: ${key}`)
    }
  }
})
