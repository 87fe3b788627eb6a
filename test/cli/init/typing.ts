import { PassThrough } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { run } from '../../../src/cli/init.ts'

export const enter = '\r'

/** A terminal on which each text is typed as soon as the question before it has been shown. */
function createTyping(script: readonly (readonly [shown: string, typed: string])[]) {
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} })
  const output = Object.assign(new PassThrough(), { isTTY: true, columns: 120, rows: 40 })
  const left = [...script]
  let screen = ''
  output.on('data', (chunk: Buffer) => {
    screen += stripVTControlCharacters(chunk.toString())
    const [next] = left
    if (next === undefined || !screen.includes(next[0])) return
    left.shift()
    screen = ''
    setImmediate(() => input.write(next[1]))
  })
  return { terminal: { input, output }, left }
}

/** Runs `toolgate init` on a terminal. `left` is what was never asked for. */
export async function init(args: readonly string[], script: Parameters<typeof createTyping>[0]) {
  const { terminal, left } = createTyping(script)
  const out: string[] = []
  const err: string[] = []
  const io = { out: (text: string) => void out.push(text), err: (text: string) => void err.push(text) }
  const exitCode = await run([...args], io, terminal)
  return { exitCode, out: out.join('\n'), err: err.join('\n'), left }
}
