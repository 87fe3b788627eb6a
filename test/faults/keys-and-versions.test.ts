import { randomBytes } from 'node:crypto'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { toolgate } from '../support/toolgate.ts'
import { answerTo, sortsOf } from './support/load.ts'
import type { Replica } from './support/replicas.ts'
import { underFault } from './support/report.ts'
import { startStage, tokenLifeMs } from './support/stage.ts'

const newKey = () => randomBytes(32).toString('base64')
const [old, next] = [newKey(), newKey()]
const stage = await startStage(t, { config: { encryption_keys: [old] } })
const { replicas, people } = stage
let restarts = 0

/** A rolling restart with these keys. */
async function rollOut(...encryption_keys: readonly string[]): Promise<void> {
  for (const replica of replicas) {
    await replica.stop()
    await replica.start({ encryption_keys })
    restarts += 1
  }
}

t.test(
  'an encryption key is replaced by another under load, in three rolling restarts: nobody is signed out',
  async (t) => {
    await underFault(t, stage, [{ name: 'encryption keys rotated, nine restarts', failures: () => restarts }], {
      cutsIn: true,
      waitMs: 1_000,
      begin: () => rollOut(old, next),
      async meanwhile() {
        await rollOut(next, old)
        const { exitCode, out } = await toolgate('keys', 'rotate', '--config', replicas[0].file)
        t.equal(exitCode, 0, out)
        await rollOut(next)
      },
      end: () => undefined,
    })
  },
)

/** The `replica.ts` of a release that writes the next format of records, and reads this one, too. */
async function nextRelease(t: Test): Promise<string> {
  const project = fileURLToPath(new URL('../..', import.meta.url))
  const folder = t.testdir({})
  const replica = 'test/faults/support/replica.ts'
  await cp(join(project, 'src'), join(folder, 'src'), { recursive: true })
  await cp(join(project, replica), join(folder, replica))
  const formats = join(folder, 'src/core/formats.ts')
  const text = await readFile(formats, 'utf8')
  await writeFile(formats, text.replace('content: 1,', 'content: 2,'))
  return join(folder, replica)
}

t.test('a newer release reads what the older wrote; the older leaves alone what the newer wrote', async (t) => {
  const newer = await nextRelease(t)
  const [first, ...others] = replicas
  const askAt = async (at: readonly Replica[]) =>
    sortsOf(await Promise.all(at.flatMap((replica) => people.map((person) => answerTo(stage, person, replica)))))
  const restart = async (replica: Replica, release?: string) => {
    await replica.kill()
    await replica.start({ encryption_keys: [next] }, release)
  }

  await restart(first, newer)
  const read = await askAt([first])
  // What it refreshes it writes in its own format.
  await stage.advance(tokenLifeMs + 1_000)
  const written = await askAt([first])
  const byOlder = await askAt(others)
  await restart(first)
  const rolledBack = await askAt(replicas)
  for (const replica of replicas) await restart(replica, newer)
  const rolledOut = await askAt(replicas)

  t.comment(`a newer release: ${read}, then ${written}; the older meanwhile: ${byOlder}; rolled back: ${rolledBack};`)
  t.comment(`rolled out: ${rolledOut}`)
  t.strictSame([read, written], [['served'], ['served']])
  t.strictSame([byOlder, rolledBack], [['wait'], ['wait']], '503, and nothing is removed')
  t.strictSame(rolledOut, ['served'])
})
