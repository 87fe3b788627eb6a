import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { startProgram } from '../support/gateway-process.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const tsc = fileURLToPath(new URL('bin/tsc', import.meta.resolve('typescript/package.json')))
const old = nodes().find(({ version }) => Number.parseInt(version, 10) < 24)

t.test('an old Node is told which one is needed, in one line', { skip: !old && 'there is none here' }, async (t) => {
  const folder = t.testdir({ 'package.json': '{ "type": "module" }' })
  const build = startProgram(t, ['-p', join(root, 'tsconfig.build.json'), '--noCheck', '--outDir', folder], tsc)
  t.equal(await build.ended(), 0, build.output())

  const program = startProgram(t, ['serve'], join(folder, 'main.js'), old?.path)

  t.equal(await program.ended(), 1)
  t.equal(program.output(), `toolgate needs Node.js 24 or newer, this is ${old?.version}.\n`)
})

/** The Nodes of this machine. */
function nodes() {
  const folders = ['/usr/bin', '/usr/local/bin', ...(process.env.PATH ?? '').split(delimiter)]
  const paths = [...new Set(folders)].map((folder) => join(folder, 'node')).filter(existsSync)
  return paths.map((path) => {
    const version = execFileSync(path, ['-p', 'process.versions.node'], { env: {}, encoding: 'utf8' }).trim()
    return { path, version }
  })
}
