import { parseArgs } from 'node:util'
import { configSchema } from '../config/editor-schema.ts'
import { type Io, UsageError } from './run.ts'

const help = `Usage: toolgate config schema

Prints the JSON Schema of the config, for editors:

  toolgate config schema > config/toolgate.schema.json`

/** Prints the JSON Schema of the config. */
export async function run(args: string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { help: { type: 'boolean', default: false } },
  })
  if (!values.help && positionals.join(' ') !== 'schema')
    throw new UsageError('Say what to print: toolgate config schema')
  io.out(values.help ? help : JSON.stringify(configSchema, null, 2))
  return 0
}
