import { parseArgs } from 'node:util'
import { type Io, UsageError } from './run.ts'

const help = `Usage: toolgate keys new

Prints a new encryption key: 32 random bytes, base64. Keep it where secrets are kept, and name it in encryption_keys.`

/** Prints a new encryption key. */
export async function run(args: string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { help: { type: 'boolean', default: false } },
  })
  if (!values.help && positionals.join(' ') !== 'new') throw new UsageError('Say what to do: toolgate keys new')
  io.out(values.help ? help : newKey())
  return 0
}

function newKey(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64')
}
