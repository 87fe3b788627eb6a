import { readFile } from 'node:fs/promises'
import type { Static, TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { parse } from 'yaml'
import { LocalCognitoConfig, patternSentences } from './schema.ts'

/** Something about the configuration or the machine stops the look-alike; the message is for its user. */
export class LocalCognitoError extends Error {}

/** Reads and checks a YAML file. Throws {@link LocalCognitoError} with one line that names the file. */
export async function loadLocalCognitoConfig(file: string): Promise<LocalCognitoConfig> {
  try {
    return localCognitoConfig(parse(await readFile(file, 'utf8')))
  } catch (error) {
    throw new LocalCognitoError(`${file}: ${reason(error)}`, { cause: error })
  }
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if ('code' in error && error.code === 'ENOENT') return 'there is no such file'
  // A YAML error goes on with an excerpt of the file.
  return error.message.split('\n')[0] ?? ''
}

/** Checks a parsed file. Throws {@link LocalCognitoError} with every problem in one line. */
export function localCognitoConfig(value: unknown): LocalCognitoConfig {
  const config = checked(LocalCognitoConfig, value ?? {})
  const repeated = [
    ...duplicates(config.pool.clients.map(({ id }) => id)).map((id) => `pool.clients: ${id} is there twice`),
    ...duplicates(config.pool.users.map(({ username }) => username)).map(
      (name) => `pool.users: ${name} is there twice`,
    ),
  ]
  if (repeated.length > 0) throw new LocalCognitoError(repeated.join('; '))
  return config
}

/** Fills in the schema's defaults and checks. Throws {@link LocalCognitoError} with what is wrong, by dotted path. */
export function checked<Schema extends TSchema>(schema: Schema, value: unknown): Static<Schema> {
  const filled = Value.Default(schema, structuredClone(value))
  const problems = Value.Errors(schema, filled)
    .filter(({ keyword }) => keyword !== 'boolean')
    .map((error) => `${error.instancePath.slice(1).replaceAll('/', '.')} ${sentence(error)}`.trim())
  if (problems.length > 0) throw new LocalCognitoError(problems.join('; '))
  return filled as Static<Schema>
}

type ValueError = ReturnType<typeof Value.Errors>[number]

function sentence(error: ValueError): string {
  switch (error.keyword) {
    case 'additionalProperties':
      return `must not have ${error.params.additionalProperties.join(', ')}`
    case 'enum':
      return `must be one of ${error.params.allowedValues.join(', ')}`
    case 'required':
      return `must have ${error.params.requiredProperties.join(', ')}`
    case 'pattern':
      return patternSentences.get(String(error.params.pattern)) ?? error.message
    default:
      return error.message
  }
}

function duplicates(names: readonly string[]): string[] {
  return names.filter((name, index) => names.indexOf(name) !== index)
}

const unitMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `90s` as milliseconds; a leading minus is understood. */
export function milliseconds(duration: string): number {
  const unit = duration.replace(/^-?\d+/, '')
  return Number.parseInt(duration, 10) * (unitMs[unit] ?? Number.NaN)
}
