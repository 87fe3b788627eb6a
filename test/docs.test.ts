import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parseConfig } from '../src/config/load.ts'

const project = fileURLToPath(new URL('..', import.meta.url))
const read = (file: string) => readFileSync(join(project, file), 'utf8')
const documents = ['README.md', 'CHANGELOG.md', ...globSync('docs/**/*.md', { cwd: project })]

t.test('every link between documents leads somewhere', async (t) => {
  const dead = documents.flatMap((file) =>
    [...read(file).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)]
      .filter(([, path = '', heading]) => !leadsTo(path === '' ? file : join(dirname(file), path), heading))
      .map(([link]) => `${file}: ${link}`),
  )

  t.ok(documents.length > 8)
  t.strictSame(dead, [])
})

/** Headings are linked to as GitHub names them. */
function leadsTo(file: string, heading: string | undefined): boolean {
  if (!existsSync(join(project, file))) return false
  if (heading === undefined) return true
  const names = [...read(file).matchAll(/^#+ (.*)$/gm)].map(([, text = '']) =>
    text.toLowerCase().replace(/[^\w\- ]/g, ''),
  )
  return names.map((name) => name.replaceAll(' ', '-')).includes(heading)
}

t.test('the index leads to every document, and names each decision as its page does', async (t) => {
  const index = read('docs/README.md')
  const missing = globSync('**/*.md', { cwd: join(project, 'docs') })
    .filter((file) => file !== 'README.md')
    .filter((file) => {
      const title = /^# \d+\. (.*)/.exec(read(`docs/${file}`))?.[1]
      return !index.includes(file.startsWith('decisions/') ? `[${title}](${file})` : `(${file})`)
    })

  t.strictSame(missing, [])
})

t.test("the README's config has no problem and no warning, and its addresses are those to register", async (t) => {
  const readme = read('README.md')
  const yaml = /```yaml\n([\s\S]*?)```/.exec(readme)?.[1] ?? ''
  const env = { TOOLGATE_KEY: Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64') }

  const { config, warnings } = await parseConfig(yaml, 'README.md', { ...env, COGNITO_CLIENT_SECRET: 'x' })

  t.strictSame(warnings, [])
  t.match(readme, `| Allowed callback URLs | \`${config.public_url}${config.base_path}/callback\` |`)
  t.match(readme, `| Allowed sign-out URLs | \`${config.public_url}${config.base_path}/signed-out\` |`)
})

for (const file of ['docs/forward-auth.md', 'docs/mcp.md']) {
  t.test(`the config of ${file} is right as it stands`, async (t) => {
    const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(read(file)) ?? []
    const cognito = 'domain: https://auth.acme.io, user_pool_id: eu-west-1_Xk3fP9qLm, client_id: 4f7q2k9v1m'

    const { warnings } = await parseConfig(`${yaml}\nproviders: { cognito: { type: cognito, ${cognito} } }`, file, {})

    t.match(yaml, /^ {2}- name: /m)
    t.strictSame(warnings, [])
  })
}

t.test('keys of a route in docs/moving are right as they stand', async (t) => {
  const blocks = globSync('docs/moving/*.md', { cwd: project }).flatMap((file) =>
    [...read(file).matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml = '']) => ({ file, yaml })),
  )
  const around = `public_url: https://tools.acme.io
providers:
  cognito: { type: cognito, domain: https://auth.acme.io, user_pool_id: eu-west-1_Xk3fP9qLm, client_id: 4f7q2k9v1m }
routes:
  - name: reports
    path: /reports
    upstream: http://127.0.0.1:3000
`

  t.ok(blocks.length > 1)
  for (const { file, yaml } of blocks) {
    const { warnings } = await parseConfig(`${around}${yaml.replaceAll(/^/gm, '    ')}`, file, {})
    t.strictSame(warnings, [], file)
  }
})
