import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createRun, type Run } from './ending.ts'
import { machine } from './machine.ts'
import { help, type Options, optionsOf } from './options.ts'
import { startStage } from './parts/stage.ts'
import { pinOurselves } from './pinned.ts'
import { profile } from './profile.ts'
import { results } from './results.ts'

const file = fileURLToPath(new URL('RESULTS.md', import.meta.url))
const say = (line: string) => console.error(line)

const options = optionsOf(process.argv.slice(2))
if (options === undefined) console.log(help)
else {
  const run = createRun()
  try {
    pinOurselves()
    await bench(run, options)
  } finally {
    await run.end()
  }
}

async function bench(run: Run, options: Options): Promise<void> {
  const stage = await startStage(run)
  if (options.isProfile) return console.log(await profile(run, stage, options))
  const text = [
    '# Results of `npm run bench`',
    `Medians of ${options.rounds} rounds of ${options.seconds} s, in turn. [README.md](README.md) says how it is measured.`,
    machine(new Date()),
    ...(await results(run, stage, options, say)),
  ].join('\n\n')
  console.log(text)
  if (!options.isQuick && options.only.length === 0) writeFileSync(file, `${text}\n`)
}
