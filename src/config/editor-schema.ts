import { schema } from './schema.ts'

/** The keywords of JSON Schema that our schema uses to hold others. */
interface Node {
  readonly type?: string
  readonly enum?: readonly string[]
  readonly properties?: Readonly<Record<string, Node>>
  readonly patternProperties?: Readonly<Record<string, Node>>
  readonly required?: readonly string[]
  readonly items?: Node
  readonly anyOf?: readonly Node[]
  readonly [keyword: string]: unknown
}

/** JSON Schema (draft 2020-12) of the file as people write it: references to environment and files are values too. */
export const configSchema: Node = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'toolgate configuration',
  // Through JSON, since functions are no part of it.
  ...asWritten(JSON.parse(JSON.stringify(schema)) as Node),
  $defs: {
    environment: {
      title: 'From the environment',
      description: '${NAME} or ${NAME:-default}, within text too.',
      type: 'string',
      pattern: '\\$\\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\\}',
    },
    file: {
      title: 'From a file',
      description: 'The content of a file, without the newline at its end.',
      type: 'object',
      properties: { file: { description: "Its path, from the config's folder on.", type: 'string', minLength: 1 } },
      required: ['file'],
      additionalProperties: false,
    },
  },
}

function asWritten(node: Node): Node {
  const { items, anyOf, keyErrorMessage: _, readableFile: __, fileUnless: ___, ...rest } = node
  if (node.type === 'object') return object(rest)
  if (items !== undefined) return { ...rest, items: asWritten(items) }
  if (anyOf !== undefined) return { ...rest, anyOf: anyOf.map(asWritten) }
  return leaf(rest)
}

/** Only the keys it knows, and only those without a default are required. */
function object({ properties, patternProperties, required = [], ...rest }: Node): Node {
  return {
    ...rest,
    ...(patternProperties && { patternProperties: mapped(patternProperties) }),
    ...(properties && {
      properties: mapped(properties),
      required: required.filter((key) => properties[key]?.default === undefined),
    }),
    additionalProperties: false,
  }
}

/** The value itself, or a reference to it; what editors show stays outside. */
function leaf(node: Node): Node {
  const isShown = ([keyword]: [string, unknown]) =>
    ['description', 'default', 'examples', 'writeOnly'].includes(keyword)
  const keywords = Object.entries(node)
  const isText = node.type === 'string' || node.enum !== undefined
  const references = [{ $ref: '#/$defs/environment' }, ...(isText ? [{ $ref: '#/$defs/file' }] : [])]
  return {
    ...Object.fromEntries(keywords.filter(isShown)),
    anyOf: [Object.fromEntries(keywords.filter((keyword) => !isShown(keyword))), ...references],
  }
}

function mapped(nodes: Readonly<Record<string, Node>>): Readonly<Record<string, Node>> {
  return Object.fromEntries(Object.entries(nodes).map(([key, node]) => [key, asWritten(node)]))
}
