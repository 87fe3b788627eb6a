import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startStack } from '../../support/stack.ts'
import { enter, init } from './typing.ts'

const page = readFileSync('docs/first-pool.md', 'utf8')

/** Question and answer of each row. */
const rows = [...page.matchAll(/^\| (.+) \| (?:Enter|`(.+)`) \|$/gm)].map(
  ([, question = '', answer = '']) =>
    [question.startsWith('the same again') ? 'Which user pool?' : question, answer] as const,
)

t.test(
  'the questions of docs/first-pool.md are those of init, and what it prints is what is printed',
  { timeout: 20_000 },
  async (t) => {
    const local = 'http://localhost:8080/oauth'
    const client = { callback_urls: [`${local}/callback`], logout_urls: [`${local}/signed-out`] }
    const { cognito, echo } = await startStack(t, { client })
    const file = join(t.testdir(), 'toolgate.yaml')
    process.env.COGNITO_CLIENT_SECRET = 'local-secret'
    t.teardown(() => delete process.env.COGNITO_CLIENT_SECRET)
    const here = (text: string) =>
      text
        .replaceAll('http://localhost:9231/us-east-1_LocalPool', cognito.issuer)
        .replaceAll('http://localhost:9230', cognito.domain)
        .replaceAll('http://127.0.0.1:3000', echo.url)
        .replaceAll('config/toolgate.yaml', file)

    const { exitCode, out, left } = await init(
      ['-o', file],
      rows.map(([question, answer]) => [question, `${here(answer)}${enter}`]),
    )

    const [, printed = ''] = /```\n(Wrote [\s\S]*?)```/.exec(page) ?? []
    t.equal(rows.length, 10)
    t.strictSame([exitCode, left], [0, []])
    t.equal(out.slice(0, out.indexOf('\n\nNext:')), here(printed).trimEnd())
  },
)
