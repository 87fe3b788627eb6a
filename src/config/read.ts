import { resolve } from 'node:path'
import Type, { type TArray, type TObject, type TRecord, type TSchema } from 'typebox'
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type LineCounter,
  type Pair,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import { nearest } from '../core/nearest.ts'
import { childPath, type Findings, type Position } from './findings.ts'
import { contentOf, interpolate, isReference, placeFor } from './references.ts'
import { annotations, complaint, emptyValue, expectation } from './sentences.ts'

/** What reading needs besides the node, its schema and its path. */
export interface Source {
  readonly document: Document.Parsed
  readonly lines: LineCounter
  /** Where relative paths begin. */
  readonly folder: string
  readonly env: NodeJS.ProcessEnv
  readonly findings: Findings
}

/**
 * Reads a YAML node as its schema says: references to environment and files resolved, defaults filled in, each value
 * checked by itself. What is wrong is reported and left out, so that the rest can still be looked at.
 */
export async function read(source: Source, node: unknown, schema: TSchema, path: string): Promise<unknown> {
  const { document, findings } = source
  const kinds = kindsOf(schema)
  const target = isAlias(node) ? node.resolve(document) : node

  if (isMap(target)) {
    const file = target.items.length === 1 ? target.get('file') : undefined
    const text = kinds.find(isText)
    if (typeof file === 'string' && text !== undefined) return readFileReference(source, file, text, path)
    const objects = kinds.filter(Type.IsObject)
    const object = objects.length > 1 ? await objectOfType(source, target, objects, path) : objects[0]
    if (object !== undefined) return readObject(source, target, object, path)
    if (objects.length > 1) return undefined
    const record = kinds.find(Type.IsRecord)
    if (record !== undefined) return readRecord(source, target, record, path)
  }
  if (isSeq(target)) {
    const array = kinds.find(Type.IsArray)
    if (array !== undefined) return readArray(source, target, array, path)
  }
  if (isScalar(target) && target.value !== null) return readScalar(source, target.value, schema, path)

  findings.problem(path, isMap(target) || isSeq(target) ? expectation(schema) : emptyValue)
  return undefined
}

/** Of objects that differ by `type`, the one that is meant. Without it nothing else can be said about the keys. */
async function objectOfType(
  source: Source,
  map: YAMLMap,
  objects: readonly TObject[],
  path: string,
): Promise<TObject | undefined> {
  const byType = new Map(objects.flatMap((object) => wordsOf(object).map((word) => [word, object] as const)))
  const types = [...byType.keys()]
  const pair = map.items.find((item) => keyOf(item) === 'type')
  const typePath = childPath(path, 'type')
  if (pair === undefined) return void source.findings.problem(typePath, `is missing; it is one of ${types.join(', ')}`)

  const written = await readPair(source, pair, Type.String(), typePath)
  if (typeof written !== 'string') return undefined
  const meant = nearest(written, types)
  const advice = meant === undefined ? '' : `; did you mean \`${meant}\`?`
  if (!byType.has(written)) source.findings.problem(typePath, `${expectation(Type.Enum(types))}${advice}`)
  return byType.get(written)
}

const wordsOf = ({ properties }: TObject): readonly string[] =>
  (properties.type && annotations(properties.type).enum) ?? []

async function readObject(source: Source, map: YAMLMap, schema: TObject, path: string): Promise<object | undefined> {
  const { findings } = source
  const { minProperties = 0 } = annotations(schema)
  if (map.items.length < minProperties) return void findings.problem(path, emptyValue)

  const known = Object.keys(schema.properties)
  const entries = new Map<string, unknown>()
  for (const pair of map.items) {
    const key = keyOf(pair)
    const property = Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined
    if (property !== undefined) {
      entries.set(key, await readPair(source, pair, property, childPath(path, key)))
      continue
    }
    if (!/^\w[\w-]{0,40}$/.test(key)) {
      // Likely a key and its value run together, so it is not shown: the value may be a secret.
      findings.problem(
        path,
        'holds something that is no key; a colon needs a space after it',
        positionOf(source, pair.key),
      )
      continue
    }
    const meant = nearest(key, known)
    const advice = meant === undefined ? `; the keys here are ${known.join(', ')}` : `, did you mean \`${meant}\`?`
    findings.problem(childPath(path, key), `unknown key \`${key}\`${advice}`, positionOf(source, pair.key))
    // A misspelt key is not also a missing one.
    if (meant !== undefined && !entries.has(meant)) entries.set(meant, undefined)
  }
  for (const [key, property] of Object.entries(schema.properties)) {
    if (entries.has(key)) continue
    const value = defaultOf(property)
    if (value !== undefined) entries.set(key, value)
    else if (!Type.IsOptional(property)) {
      findings.problem(childPath(path, key), `is missing; add it${example(property)}`)
    }
  }
  return Object.fromEntries(entries)
}

async function readRecord(source: Source, map: YAMLMap, schema: TRecord, path: string): Promise<object | undefined> {
  const { findings } = source
  const { minProperties = 0, keyErrorMessage = 'is not a possible name', keyRule = () => true } = annotations(schema)
  if (map.items.length < minProperties) return void findings.problem(path, emptyValue)

  const pattern = new RegExp(Type.RecordPattern(schema))
  const entries: [string, unknown][] = []
  for (const pair of map.items) {
    const key = keyOf(pair)
    // Also under a name that cannot be, for what is wrong there.
    const value = await readPair(source, pair, Type.RecordValue(schema), childPath(path, key))
    if (key !== '__proto__' && pattern.test(key) && keyRule(key)) entries.push([key, value])
    else findings.problem(childPath(path, key), keyErrorMessage, positionOf(source, pair.key))
  }
  return Object.fromEntries(entries)
}

async function readArray(source: Source, seq: YAMLSeq, schema: TArray, path: string): Promise<unknown[] | undefined> {
  const { minItems = 0 } = annotations(schema)
  if (seq.items.length < minItems) return void source.findings.problem(path, emptyValue)

  const items: unknown[] = []
  for (const [index, item] of seq.items.entries()) {
    const itemPath = childPath(path, index)
    source.findings.place(itemPath, positionOf(source, item))
    items.push(await read(source, item, schema.items, itemPath))
  }
  return items
}

async function readScalar(source: Source, written: unknown, schema: TSchema, path: string): Promise<unknown> {
  const { env, findings, folder } = source
  const leaves = kindsOf(schema).filter(isLeaf)
  const leaf = leaves.find((kind) => Type.IsInteger(kind) === (typeof written === 'number')) ?? leaves[0]
  if (leaf === undefined) return void findings.problem(path, expectation(schema))

  let value = written
  if (typeof written === 'string' && isReference(written)) {
    const resolved = interpolate(written, env)
    if ('problem' in resolved) return void findings.problem(path, resolved.problem)
    value = isText(leaf) ? resolved.text : fromText(resolved.text)
  }
  const accepted = check(findings, value, leaf, path, annotations(schema).errorMessage)
  const { readableFile = false, fileUnless } = annotations(leaf)
  if (typeof accepted !== 'string') return accepted
  if (!readableFile && (fileUnless === undefined || fileUnless.includes(accepted))) return accepted

  const file = resolve(folder, accepted)
  const found = readableFile ? await contentOf(file) : await placeFor(file)
  return 'problem' in found ? void findings.problem(path, found.problem) : file
}

/** The content of a `{ file: PATH }`, without the newline at its end. */
async function readFileReference(source: Source, written: string, leaf: TSchema, path: string): Promise<unknown> {
  const { env, findings, folder } = source
  const name = interpolate(written, env)
  if ('problem' in name) return void findings.problem(path, name.problem)
  const content = await contentOf(resolve(folder, name.text))
  if ('problem' in content) return void findings.problem(path, content.problem)
  return check(findings, content.text.replace(/\r?\n$/, ''), leaf, path)
}

function check(findings: Findings, value: unknown, leaf: TSchema, path: string, otherwise?: string): unknown {
  const sentence = complaint(leaf, value)
  return sentence === undefined ? value : void findings.problem(path, otherwise ?? sentence)
}

async function readPair(source: Source, pair: Pair, schema: TSchema, path: string): Promise<unknown> {
  source.findings.place(path, positionOf(source, isScalar(pair.value) ? pair.value : pair.key))
  return read(source, pair.value, schema, path)
}

/** Where a node of the document begins. */
export function positionOf({ lines }: Source, node: unknown): Position {
  const { line, col } = lines.linePos((isNode(node) && node.range?.[0]) || 0)
  return { line, column: col }
}

function keyOf({ key }: Pair): string {
  return isScalar(key) ? String(key.value) : String(key)
}

/** The default as it would have been written; a section without one of its own has none. */
function defaultOf(schema: TSchema): unknown {
  const { default: written } = annotations(schema)
  if (written === undefined || !Type.IsObject(schema)) return structuredClone(written)
  return Object.fromEntries(
    Object.entries(schema.properties)
      .map(([key, property]) => [key, defaultOf(property)])
      .filter(([, value]) => value !== undefined),
  )
}

function example(schema: TSchema): string {
  const { examples, enum: words } = annotations(schema)
  const [first] = examples ?? words ?? []
  return first === undefined ? '' : `, for example ${first}`
}

const kindsOf = (schema: TSchema): readonly TSchema[] => (Type.IsUnion(schema) ? schema.anyOf : [schema])

const isText = (schema: TSchema): boolean => Type.IsString(schema) || Type.IsEnum(schema)

const isLeaf = (schema: TSchema): boolean => isText(schema) || Type.IsBoolean(schema) || Type.IsInteger(schema)

/** A number or a boolean that came as text from the environment; other text stays and is refused by its schema. */
function fromText(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true'
  return /^\d+$/.test(text) ? Number(text) : text
}
