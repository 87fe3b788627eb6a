import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { type Program, startCommand } from '../test/support/gateway-process.ts'
import type { Run } from './ending.ts'

/** What is measured has a core of its own; load, upstream and stores share the other. */
export const cores = { subject: '0', others: '1', all: '0,1' } as const

const startMs = 20_000

/** Moves this process, and with it all that it starts from now on, to the core of everything but the subject. */
export function pinOurselves(): void {
  const { status, stderr } = spawnSync('taskset', ['-acp', cores.others, String(process.pid)], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`two cores and taskset (package util-linux) are needed: ${stderr ?? ''}`)
}

/** Starts a program on these cores and waits until it listens on `port`. It ends with the run. */
export async function startPinned(
  run: Run,
  { command, port, on = cores.subject }: { command: readonly string[]; port: number; on?: string },
): Promise<Program> {
  const program = startCommand(run, ['taskset', '-c', on, ...command])
  // Servers with worker processes end those at SIGTERM; killed, they would leave them behind.
  const atExit = () => end(program.pid)
  process.once('exit', atExit)
  run.teardown(async () => {
    process.off('exit', atExit)
    await stop(program)
  })
  await listens(program, port)
  return program
}

/** Ends a program in an orderly way; after five seconds, at once. */
export async function stop(program: Program): Promise<void> {
  const given = AbortSignal.timeout(5_000)
  const late = once(given, 'abort')
  end(program.pid)
  await Promise.race([program.ended(), late])
  if (given.aborted) await program.end('SIGKILL')
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM')
  } catch {
    // It has ended already.
  }
}

async function listens(program: Program, port: number): Promise<void> {
  let ended = false
  program.ended().then(() => {
    ended = true
  })
  for (const until = Date.now() + startMs; Date.now() < until && !ended; await setTimeout(50)) {
    const socket = connect(port, '127.0.0.1')
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (isOpen) return
  }
  throw new Error(`nothing listens on port ${port}:\n${program.output()}`)
}
