import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { run } from '../../src/cli/run.ts'

async function command(...args: string[]) {
  const out: string[] = []
  const err: string[] = []
  const code = await run(['local-cognito', ...args], { out: (text) => out.push(text), err: (text) => err.push(text) })
  return { code, out: out.join('\n'), err: err.join('\n') }
}

t.test('it runs until it is told to stop, and says where', async (t) => {
  const file = join(t.testdir(), 'pool.yaml')
  await writeFile(file, 'domain: { port: 0 }\nissuer: { port: 0 }\ncontrol: { port: 0 }\n')
  const child = spawn(process.execPath, ['src/main.ts', 'local-cognito', '-c', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.teardown(() => child.kill('SIGKILL'))

  const [text] = (await once(child.stdout, 'data')) as [Buffer]
  const domain = /domain +(\S+)/.exec(text.toString())?.[1] ?? ''
  const answer = await fetch(`${domain}/oauth2/token`)
  const [refusal] = (await once(child.stderr, 'data')) as [Buffer]
  child.kill('SIGTERM')
  const [code] = (await once(child, 'exit')) as [number]

  t.match(text.toString(), /issuer +http:\/\/localhost:\d+\/us-east-1_LocalPool\n +control +http:\/\/127\.0\.0\.1:\d+/)
  t.equal(answer.status, 400)
  t.equal(refusal.toString(), 'GET /oauth2/token 400 refused by method_not_supported\n')
  t.equal(code, 0)
})

t.test('a missing or invalid file is one line and exit 1', async (t) => {
  const dir = t.testdir({ 'bad.yaml': 'pool: [', 'wrong.yaml': 'pool: { managed_login: 3 }' })

  const missing = await command('--config', join(dir, 'none.yaml'))
  const bad = await command('-c', join(dir, 'bad.yaml'))
  const wrong = await command('-c', join(dir, 'wrong.yaml'))

  for (const { code, err } of [missing, bad, wrong]) {
    t.equal(code, 1)
    t.equal(err.split('\n').length, 1)
  }
  t.equal(missing.err, `${join(dir, 'none.yaml')}: there is no such file`)
  t.match(bad.err, 'bad.yaml: ')
  t.equal(wrong.err, `${join(dir, 'wrong.yaml')}: pool.managed_login must be one of 1, 2`)
})

t.test('--help helps; an unknown option is an error', async (t) => {
  const help = await command('--help')
  const unknown = await command('--port', '1')

  t.equal(help.code, 0)
  t.match(help.out, 'Usage: toolgate local-cognito [--config FILE]')
  t.equal(unknown.code, 1)
  t.match(unknown.err, "Unknown option '--port'")
})
