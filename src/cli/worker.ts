import { once } from 'node:events'
import { inspect } from 'node:util'
import type { Assignment, Report } from './keep-worker.ts'
import { CommandError } from './run.ts'

// Ctrl+C, and some service managers, signal parent and workers alike. The parent alone says when to end.
process.on('SIGINT', () => undefined)
process.on('SIGTERM', () => undefined)

// Without a parent nobody would ever end this process.
process.on('disconnect', () => process.exit())
if (!process.connected) process.exit()

const [{ number, config }] = (await once(process, 'message')) as [Assignment]
try {
  const { start } = await import('./start.ts')
  const gateway = await start(config, { worker: number })
  await say('serves')
  await once(process, 'message')
  await gateway.close()
} catch (error) {
  await say({ failed: error instanceof CommandError ? error.message : inspect(error) })
}
process.exit()

function say(report: Report): Promise<void> {
  return new Promise((resolve) => process.send?.(report, () => resolve()))
}
