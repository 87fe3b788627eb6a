import { join } from 'node:path'
import t from 'tap'
import { sampleWith } from '../config/sample-config.ts'
import { toolgate } from '../support/toolgate.ts'

const warned = sampleWith({ 5: '    domain: auth.acme.io' })
const broken = sampleWith({ 5: '    domain: auth.acme.io', 11: '    path: reports' })

t.test('check --offline says that a good config has no problems', async (t) => {
  const file = join(t.testdir({ 'a.yaml': sampleWith() }), 'a.yaml')

  t.strictSame(await toolgate('check', '-c', file, '--offline'), { exitCode: 0, out: `${file}: no problems`, err: '' })
})

t.test('check shows warnings and problems by place, path and remedy, and exits with 1', async (t) => {
  const file = join(t.testdir({ 'a.yaml': broken }), 'a.yaml')

  const { exitCode, out } = await toolgate('check', '--config', file, '--offline')

  t.equal(exitCode, 1)
  t.strictSame(out.split('\n'), [
    `${file}:5:13  providers.cognito.domain: has no scheme; https:// is assumed, write it out (warning)`,
    `${file}:11:11  routes[0].path: must start with /`,
  ])
})

t.test('check --json gives the same to scripts', async (t) => {
  const folder = t.testdir({ 'warned.yaml': warned, 'broken.yaml': broken })

  const fine = await toolgate('check', '-c', join(folder, 'warned.yaml'), '--offline', '--json')
  const bad = await toolgate('check', '-c', join(folder, 'broken.yaml'), '--offline', '--json')

  t.match(fine, { exitCode: 0, err: '' })
  t.match(JSON.parse(fine.out), { ok: true, problems: [], warnings: [{ path: 'providers.cognito.domain' }] })
  t.equal(bad.exitCode, 1)
  t.strictSame(JSON.parse(bad.out).problems, [
    { file: join(folder, 'broken.yaml'), line: 11, column: 11, path: 'routes[0].path', message: 'must start with /' },
  ])
  t.match(JSON.parse(bad.out), { ok: false, warnings: [{ path: 'providers.cognito.domain' }] })
})

t.test('a file that is not there is one line', async (t) => {
  const file = join(t.testdir(), 'nope.yaml')

  t.strictSame(await toolgate('check', '-c', file, '--offline'), {
    exitCode: 1,
    out: `${file}  there is no such file; copy config/toolgate.example.yaml, or name another with --config`,
    err: '',
  })
})

t.test('the file is the option, else $TOOLGATE_CONFIG, else config/toolgate.yaml', async (t) => {
  const file = join(t.testdir({ 'a.yaml': sampleWith() }), 'a.yaml')
  process.env.TOOLGATE_CONFIG = file
  t.teardown(() => delete process.env.TOOLGATE_CONFIG)

  t.match(await toolgate('check', '--offline'), { exitCode: 0, out: `${file}: no problems` })

  t.match(await toolgate('check', '--offline', '-c', `${file}.not`), { exitCode: 1, out: /a\.yaml\.not {2}/ })
})

t.test('an unknown option is an error', async (t) => {
  t.match(await toolgate('check', '--online'), { exitCode: 1, out: '', err: /--online/ })
  t.match(await toolgate('check', 'extra'), { exitCode: 1, out: '', err: /extra/ })
})

t.test('config schema prints JSON Schema', async (t) => {
  const { exitCode, out } = await toolgate('config', 'schema')

  t.equal(exitCode, 0)
  t.match(JSON.parse(out), { type: 'object', properties: { public_url: {}, routes: {} }, additionalProperties: false })
})

t.test('keys new prints 32 random bytes that a config takes', async (t) => {
  const first = await toolgate('keys', 'new')
  const second = await toolgate('keys', 'new')
  const file = join(t.testdir({ 'a.yaml': sampleWith({ 14: `encryption_keys: ["${first.out}"]` }) }), 'a.yaml')

  t.equal(Buffer.from(first.out, 'base64').length, 32)
  t.not(first.out, second.out)
  t.match(await toolgate('check', '-c', file, '--offline'), { exitCode: 0 })
})

t.test('a command with several uses asks for one', async (t) => {
  t.match(await toolgate('keys'), { exitCode: 1, out: '', err: /toolgate keys new/ })
  t.match(await toolgate('keys', 'old'), { exitCode: 1, out: '' })
  t.match(await toolgate('config'), { exitCode: 1, out: '', err: /toolgate config schema/ })
})

t.test('every command has its help', async (t) => {
  for (const name of ['check', 'config', 'keys', 'routes']) {
    t.match(await toolgate(name, '--help'), { exitCode: 0, out: new RegExp(`^Usage: toolgate ${name}`) }, name)
  }
})
