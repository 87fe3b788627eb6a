import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { binaries, findBinary } from './binaries.ts'

const install = fileURLToPath(new URL('install.ts', import.meta.url))

const all = { PATH: '', ...Object.fromEntries(binaries.map(({ variable }) => [variable, process.execPath])) }

function run(env: NodeJS.ProcessEnv) {
  return spawnSync(process.execPath, [install], { env, encoding: 'utf8' })
}

t.test('with everything there, installing says nothing', async (t) => {
  const { status, stdout, stderr } = run(all)

  t.equal(status, 0)
  t.equal(stdout + stderr, '')
})

t.test('with something missing that cannot be installed, it says what to do and fails', async (t) => {
  const { status, stderr } = run({ ...all, CHROMIUM: '/nowhere/chromium' })

  t.equal(status, 1)
  t.match(stderr, /The tests need chromium\. Install with: apt-get install chromium, or set CHROMIUM to the path/)
  t.notMatch(stderr, /redis-server/)
})

t.test('a program is found by any of its names on the PATH', async (t) => {
  const names = ['not-there', process.execPath.split('/').at(-1) ?? '']
  const variable = 'TOOLGATE_TEST_NOT_SET'
  const before = process.env.PATH ?? ''
  t.teardown(() => {
    process.env.PATH = before
  })
  process.env.PATH = `/nowhere:${process.execPath.split('/').slice(0, -1).join('/')}`

  t.equal(findBinary({ variable, package: 'x', names }), process.execPath)
  t.equal(findBinary({ variable, package: 'x', names: ['not-there'] }), undefined)
})
