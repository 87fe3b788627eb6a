import { run } from '../../src/cli/run.ts'

/** Runs a command line and gives its exit code and what it wrote. */
export async function toolgate(...argv: string[]) {
  const out: string[] = []
  const err: string[] = []
  const exitCode = await run(argv, { out: (text) => out.push(text), err: (text) => err.push(text) })
  return { exitCode, out: out.join('\n'), err: err.join('\n') }
}
