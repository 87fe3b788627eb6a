import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const src = fileURLToPath(new URL('../src', import.meta.url))

/** What each layer may import, as docs/decisions/0001-layers.md says: paths below src/, or packages. */
const mayImport: Readonly<Record<string, RegExp>> = {
  core: /^(core\/|(lru-cache|node:crypto|node:stream)$)/,
  config: /^((config|core)\/|typebox|yaml$|node:(fs|path|net))/,
  adapters:
    /^((adapters|core)\/|(jose|ioredis|undici|fastify|@fastify\/oauth2)$|node:(async_hooks|crypto|dns|fs|net|tls))/,
  http: /^((http|core)\/|(fastify|fastify-plugin|marked)$|@fastify\/|node:(http|net|stream))/,
  'compose.ts': /^((compose|config|core|adapters|http)\/|fastify$|node:)/,
  compose: /^((compose|config|core|adapters|http)\/|fastify$)/,
  cli: /^(compose\.ts$|(compose|cli|config|core|local-cognito|samples)\/|(fastify|@clack\/prompts)$|node:)/,
  'main.ts': /^cli\//,
  'local-cognito': /^(local-cognito\/|(fastify|jose|yaml)$|@fastify\/|typebox|node:)/,
  samples: /^(samples\/|(fastify|jose)$)/,
}

const files = globSync('**/*.ts', { cwd: src })

/** What a file imports: a path below src/, or a package. */
function importsOf(file: string): readonly string[] {
  const text = readFileSync(join(src, file), 'utf8')
  const specifiers = [...text.matchAll(/^import '(.+)'|\bfrom '(.+)'|\bimport\('(.+)'\)/gm)].map(
    (m) => m[1] ?? m[2] ?? m[3] ?? '',
  )
  return specifiers.map((name) => (name.startsWith('.') ? join(dirname(file), name) : name))
}

t.test('each layer imports only what it may', async (t) => {
  const offences = files.flatMap((file) => {
    const [layer = ''] = file.split('/')
    const allowed = mayImport[layer] ?? /^$/
    return importsOf(file)
      .filter((name) => !allowed.test(name))
      .map((name) => `${file} imports ${name}`)
  })

  t.ok(files.length > 100, 'all files were looked at')
  t.strictSame(offences, [])
})

t.test('the core knows streams by their types only', async (t) => {
  const offences = files.filter((file) => {
    const text = readFileSync(join(src, file), 'utf8')
    return file.startsWith('core/') && /^import (?!type ).*from 'node:stream'/m.test(text)
  })

  t.strictSame(offences, [])
})
