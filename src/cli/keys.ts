import { parseArgs } from 'node:util'
import { loadConfig } from '../config/load.ts'
import { isStoreAway } from '../core/errors.ts'
import type { Rotation } from '../core/rotate-keys.ts'
import { commandOptions, configFile } from './config-option.ts'
import { CommandError, type Io, UsageError } from './run.ts'

const help = `Usage: toolgate keys new
       toolgate keys rotate [--config FILE]

new     Prints a new encryption key: 32 random bytes, base64. Keep it where secrets are kept, and name it in
        encryption_keys.
rotate  Seals everything in Redis that another key sealed with the first of encryption_keys, while gateways run.
        Nobody is signed out. It may be stopped, and run again. Before: move the new key first, on every replica.

  -c, --config FILE  the config (default: $TOOLGATE_CONFIG, else config/toolgate.yaml)

Exit code of rotate: 0 all is sealed with the first key, 1 something is not, or the command cannot be run so, 2 Redis is
away. docs/storage.md has all steps.`

const progressMs = 5_000

/** `toolgate keys new` and `toolgate keys rotate`. */
export async function run(args: string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: commandOptions,
  })
  if (values.help) {
    io.out(help)
    return 0
  }
  const what = positionals.join(' ')
  if (what === 'rotate') return rotate(configFile(values.config, process.env), io)
  if (what !== 'new') throw new UsageError('Say what to do: toolgate keys new, or toolgate keys rotate')
  io.out(newKey())
  return 0
}

function newKey(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64')
}

async function rotate(file: string, io: Io): Promise<number> {
  const { config } = await loadConfig(file, process.env)
  if (config.store.url === 'memory:')
    throw new CommandError('store.url is memory: there is nothing stored to seal anew.')
  const { rotateStoredKeys } = await import('../compose/keys.ts')
  let totals: Rotation = { resealed: 0, current: 0, unopened: 0, newer: 0, overtaken: 0 }
  let saidAt = Date.now()
  try {
    for await (totals of rotateStoredKeys(config)) {
      if (Date.now() - saidAt < progressMs) continue
      saidAt = Date.now()
      io.err(`${seenIn(totals)} records so far, ${totals.resealed} sealed anew`)
    }
  } catch (error) {
    if (!isStoreAway(error)) throw error
    io.err(`Redis cannot be asked: ${(error as Error & { cause?: Error }).cause?.message}`)
    io.err(`${totals.resealed} records were sealed anew. What is left is as it was. Run it again.`)
    return 2
  }
  io.out(report(totals))
  return totals.unopened + totals.newer === 0 ? 0 : 1
}

function seenIn({ resealed, current, unopened, newer, overtaken }: Rotation): number {
  return resealed + current + unopened + newer + overtaken
}

function report(totals: Rotation): string {
  const { resealed, current, unopened, newer, overtaken } = totals
  const lines = [
    [seenIn(totals), 'records'],
    [resealed, 'sealed anew with the first key'],
    [current, 'needed nothing'],
    [overtaken, 'written by a gateway meanwhile; run it once more to be sure of them'],
    [unopened, 'sealed with a key that is not listed, and left as they are; only that key opens them'],
    [newer, 'written by a newer release, and left as they are; run its keys rotate'],
  ] as const
  const width = String(seenIn(totals)).length
  return lines
    .filter(([count], at) => at < 3 || count > 0)
    .map(([count, text]) => `${String(count).padStart(width)}  ${text}`)
    .join('\n')
}
