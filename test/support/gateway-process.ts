import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { stringify } from 'yaml'
import type { ConfigPatch } from './stack.ts'

/** A test, or whatever else comes to an end and cleans up then. */
export type Ending = Pick<Test, 'teardown'>

/** A program that runs until it is told to stop, and what it has said so far. */
export interface Program {
  readonly pid: number
  readonly output: () => string
  /** Resolves once the output matches. Rejects when the program ends before that. */
  readonly says: (pattern: RegExp) => Promise<void>
  /** Sends a signal and waits for the end. Gives the exit code, or the signal that ended it. */
  readonly end: (signal: NodeJS.Signals) => Promise<number | NodeJS.Signals | null>
  /** Waits for the end. */
  readonly ended: () => Promise<number | NodeJS.Signals | null>
}

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** Starts `toolgate …` as a process of its own, by this Node. It ends with the test. */
export function startProgram(t: Ending, args: readonly string[], entry = main, node = process.execPath): Program {
  // What runs once from a folder of its own would only fill the cache.
  const uncached = entry === main ? [] : ['env', '-u', 'NODE_COMPILE_CACHE']
  return startCommand(t, [...uncached, node, entry, ...args])
}

/** Starts a program by its command line. It ends with the test. */
export function startCommand(t: Ending, command: readonly string[]): Program {
  // The runner has every process load what it records; a program is to run as a user starts it.
  const plain = ['-c', 'unset NODE_OPTIONS; exec "$@"', 'sh', ...command]
  const child = spawn('/bin/sh', plain, { stdio: ['ignore', 'pipe', 'pipe'] })
  const mouth = new EventEmitter<{ word: [] }>()
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk
      mouth.emit('word')
    })
  }
  const exit = once(child, 'close').then(([code, signal]) => code ?? signal)

  async function end(signal: NodeJS.Signals) {
    child.kill(signal)
    return exit
  }

  t.teardown(() => end('SIGKILL'))
  return {
    pid: child.pid ?? 0,
    output: () => output,
    end,
    ended: () => exit,
    async says(pattern) {
      while (!pattern.test(output)) {
        const isOver = await Promise.race([once(mouth, 'word').then(() => false), exit.then(() => true)])
        if (isOver && !pattern.test(output)) throw new Error(`ended before it said ${pattern}:\n${output}`)
      }
    },
  }
}

/** Starts `toolgate serve` with this config, once it listens. */
export async function startGatewayProcess(t: Test, yaml: ConfigPatch): Promise<Program> {
  const file = join(t.testdir({}), `${process.hrtime.bigint()}.yaml`)
  await writeFile(file, stringify(yaml))
  const program = startProgram(t, ['serve', '--config', file])
  await program.says(/toolgate serves/)
  return program
}
