import type { TSchema } from 'typebox'
import Value from 'typebox/value'

/** Annotations of our schemas that TypeBox carries along without a type. */
interface Annotated {
  readonly default?: unknown
  readonly examples?: readonly unknown[]
  readonly errorMessage?: string
  readonly patternErrorMessage?: string
  readonly keyErrorMessage?: string
  readonly keyRule?: (key: string) => boolean
  readonly readableFile?: boolean
  readonly fileUnless?: readonly string[]
  readonly type?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly enum?: readonly string[]
  readonly minItems?: number
  readonly minProperties?: number
}

/** What a schema says beside its type. */
export const annotations = (schema: TSchema): Annotated => schema as Annotated

export const emptyValue = 'is empty; give it a value or remove the key'

const expected: Readonly<Record<string, string>> = {
  string: 'must be text; put it in quotes if it looks like a number or a word of YAML',
  integer: 'must be a whole number, without quotes',
  boolean: 'must be true or false, without quotes',
  array: 'must be a list',
  object: 'must be a mapping of keys to values',
}

/** What a value of this schema must be. */
export function expectation(schema: TSchema): string {
  const { type, errorMessage, patternErrorMessage, enum: words } = annotations(schema)
  if (errorMessage !== undefined) return errorMessage
  if (patternErrorMessage !== undefined) return `${patternErrorMessage}; write it as text, in quotes if need be`
  if (words !== undefined)
    return `must be ${words.length > 1 ? `${words.slice(0, -1).join(', ')} or ` : ''}${words.at(-1)}`
  return expected[type ?? ''] ?? 'is not of the right kind'
}

/** The first thing wrong with a value by its schema alone, in words that do not repeat the value. */
export function complaint(schema: TSchema, value: unknown): string | undefined {
  const [error] = Value.Errors(schema, value)
  if (error === undefined) return undefined
  const { patternErrorMessage, minimum, maximum } = annotations(schema)
  switch (error.keyword) {
    case '~refine':
      return error.params.message
    case 'pattern':
      return patternErrorMessage ?? expectation(schema)
    case 'minimum':
    case 'maximum':
      return `must be from ${minimum} to ${maximum}`
    case 'minLength':
      return emptyValue
    default:
      return expectation(schema)
  }
}
