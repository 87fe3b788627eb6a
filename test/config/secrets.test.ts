import t from 'tap'
import { parseConfig } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/problem.ts'
import { problemsIn, problemsOf, sampleWith } from './sample-config.ts'

const secret = 'hunter2-do-not-print'

t.test('a value never appears in a problem, wherever it comes from', async (t) => {
  const folder = t.testdir({ secret: `${secret}\n` })
  const env = { SECRET: secret }
  const lines: readonly (readonly [line: number, text: string])[] = [
    [14, `encryption_keys: [${secret}]`],
    [14, `encryption_keys: [ok, ${secret}`],
    [14, `encryption_keys: |${secret}`],
    [14, `encryption_keys: *${secret}`],
    [14, `encryption_keys: !${secret} x`],
    [14, `encryption_keys: "\\${secret}"`],
    [14, `encryption_keys: ${secret}: ${secret}`],
    [14, 'encryption_keys: ["${SECRET}"]'],
    [14, 'encryption_keys: [{ file: secret }]'],
    [14, `store: { url: "redis+cluster://:${secret}@127.0.0.1" }`],
    [14, `store: { url: "redis://:${secret}@127.0.0.1" }`],
    [3, `  cognito: { type: cognito, client_secret:${secret} }\n  other:`],
    [8, `    client_secret:${secret}`],
    [8, `    client_secret: [${secret}]`],
    [8, `    client_secret: { value: ${secret} }`],
    [8, `    client_secret: "\${${secret}}"`],
    [12, `    upstream: http://me:${secret}@127.0.0.1`],
    [12, '    upstream: ${SECRET}'],
    [11, '    path: ${SECRET}'],
    [13, '    access: { file: secret }'],
    [13, '    max_body: ${SECRET}'],
    [14, '    sign_in: ["${SECRET}"]'],
    [14, '    strip_path: ${SECRET}'],
    [14, 'listen: { port: "${SECRET}" }'],
    [14, 'sessions: { idle: { file: secret } }'],
    [14, '    inject: { header: X-A, value: "${SECRET}" }'],
  ]

  for (const [line, text] of lines) {
    const problems = await problemsOf(sampleWith({ [line]: text }), env, `${folder}/toolgate.yaml`)

    t.not(problems.length, 0, text)
    t.notOk(problems.map(formatProblem).join('\n').includes(secret), text)
  }
})

t.test('a refused config says nothing of its values in the message or the stack of its error', async (t) => {
  const refused = parseConfig(sampleWith({ 14: 'encryption_keys: ["${SECRET}"]' }), 'toolgate.yaml', { SECRET: secret })

  const error = await refused.catch((reason: unknown) => reason)

  t.equal(problemsIn(error).length, 1)
  t.notOk(`${error instanceof Error && error.stack}`.includes(secret))
})
