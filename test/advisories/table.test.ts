import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const here = fileURLToPath(new URL('.', import.meta.url))
const documentation = readFileSync(fileURLToPath(new URL('../../docs/advisories.md', import.meta.url)), 'utf8')

/** The advisories that each file says at its head it covers. */
const covered = globSync('*.test.ts', { cwd: here })
  .filter((file) => file !== 'table.test.ts')
  .flatMap((file) => {
    const [head = ''] = readFileSync(here + file, 'utf8').split('*/')
    return [...head.matchAll(/^ \* - (.*)$/gm)].map(([, advisory = '']) => ({ advisory, file }))
  })

const rows = [...documentation.matchAll(/^\| ([^|]+) \| [^|]+ \| [^|]+ \| ([^|]+) \|$/gm)]
  .map(([, advisory = '', where = '']) => ({ advisory, file: /\/([\w-]+\.test\.ts)\)/.exec(where)?.[1] }))
  .filter(({ advisory }) => advisory !== 'advisory')

t.test('docs/advisories.md names each advisory once, with the test that says so at its head', async (t) => {
  const inTests = rows.filter(({ file }) => file !== undefined)

  t.ok(rows.length > 60)
  t.equal(new Set(rows.map(({ advisory }) => advisory)).size, rows.length)
  t.same(
    inTests.toSorted((a, b) => a.advisory.localeCompare(b.advisory)),
    covered.toSorted((a, b) => a.advisory.localeCompare(b.advisory)),
  )
})
