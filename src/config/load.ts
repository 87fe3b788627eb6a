import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Settings } from 'typebox/system'
import Value from 'typebox/value'
import { isMap, LineCounter, parseDocument, type YAMLError } from 'yaml'
import { createFindings } from './findings.ts'
import { ConfigError, type Problem } from './problem.ts'
import { positionOf, read } from './read.ts'
import { checkRules } from './rules.ts'
import { type Config, type Draft, schema } from './schema.ts'

// Our unions need no order: `type` or the kind of value decides. Sorting them takes TypeBox seconds for each decoding.
Settings.Set({ unionPrioritySort: false })

/** A config that can be used, and what is odd about it. */
export interface Loaded {
  readonly config: Config
  readonly warnings: readonly Problem[]
}

/** Reads the config of a file. Throws ConfigError with every problem at once. */
export async function loadConfig(file: string, env: NodeJS.ProcessEnv): Promise<Loaded> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    throw new ConfigError([{ file, path: '', message: unreadable(error) }])
  }
  return parseConfig(text, file, env)
}

/** Reads the config of a text; `file` names it in problems, and relative paths start at its folder. Throws ConfigError. */
export async function parseConfig(text: string, file: string, env: NodeJS.ProcessEnv): Promise<Loaded> {
  const findings = createFindings(file)
  const lines = new LineCounter()
  const document = parseDocument(quoteMemory(text), { lineCounter: lines, prettyErrors: false })

  for (const error of [...document.errors, ...document.warnings]) {
    const { line, col } = lines.linePos(error.pos[0])
    findings.problem('', syntaxSentence(error), { line, column: col })
  }
  // Beyond a key written twice, a text that is not YAML says nothing reliable about its keys.
  if (findings.problems.some(({ message }) => message !== writtenTwice)) throw new ConfigError(findings.problems)
  if (!isMap(document.contents)) throw new ConfigError([{ file, path: '', message: notAMapping(document.contents) }])

  const source = { document, lines, folder: dirname(file), env, findings }
  findings.place('', positionOf(source, document.contents))
  const draft = await read(source, document.contents, schema, '')
  checkRules(draft as Draft, findings)
  const warnings = inOrder(findings.warnings)
  if (findings.problems.length > 0) throw new ConfigError(inOrder(findings.problems), warnings)
  return { config: freeze(Value.Decode(schema, draft)), warnings }
}

/** YAML takes `url: memory:` for a mapping within a mapping, which nobody means. */
function quoteMemory(text: string): string {
  return text.replace(/(\burl:[ \t]+)memory:(?=[ \t]*(?:[#,}\r\n]|$))/g, '$1"memory:"')
}

const writtenTwice = 'this key is written twice; keep one'

/** Our words for what the YAML parser found: its own may quote the text, which may hold a secret. */
function syntaxSentence({ code }: YAMLError): string {
  switch (code) {
    case 'DUPLICATE_KEY':
      return writtenTwice
    case 'TAB_AS_INDENT':
      return 'indent with spaces, not with tabs'
    case 'BAD_INDENT':
      return 'the indentation does not fit; align it with the lines around it'
    case 'MISSING_CHAR':
      return 'something is missing here: a closing quote or bracket, a colon, a comma or a space'
    case 'MULTIPLE_DOCS':
      return 'there is more than one document; remove what begins with ---'
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'MULTILINE_IMPLICIT_KEY':
      return 'a key and its value do not fit together here; check the colon and the indentation'
    case 'TAG_RESOLVE_FAILED':
      return 'tags (!name) are not used here; remove it, or put the text in quotes'
    default:
      return 'this is not valid YAML; check quotes, brackets and indentation'
  }
}

function unreadable(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT')
    return 'there is no such file; copy config/toolgate.example.yaml, or name another with --config'
  return `the file cannot be read (${code ?? error})`
}

function notAMapping(contents: unknown): string {
  return contents === null
    ? 'the file is empty; start from config/toolgate.example.yaml'
    : 'the file must hold keys and values; start from config/toolgate.example.yaml'
}

function inOrder(problems: readonly Problem[]): readonly Problem[] {
  return problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0))
}

/** Freezes all the way down; bytes cannot be frozen. */
function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  Object.values(value).forEach(freeze)
  return Object.freeze(value)
}
