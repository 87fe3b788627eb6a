import { provider } from '../../src/config/provider-schema.ts'
import { schema } from '../../src/config/schema.ts'

/** What the tests look at in a schema. */
export interface SchemaNode {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly examples?: readonly unknown[]
  readonly pattern?: string
  readonly enum?: readonly string[]
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>
  readonly items?: SchemaNode
  readonly anyOf?: readonly SchemaNode[]
}

export interface SchemaKey {
  readonly key: string
  /** From the top, or from a provider or a route. */
  readonly path: string
  readonly schema: SchemaNode
}

/** Every key a config may have, once; those of a route start anew, those of providers are in `providerKeys`. */
export function keyPaths(node: SchemaNode = schema as unknown as SchemaNode, around = ''): readonly SchemaKey[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, child]) => {
    const path = around === '' ? key : `${around}.${key}`
    const members = [...Object.values(child.patternProperties ?? {}), ...(child.items ? [child.items] : [])]
    return [{ key, path, schema: child }, ...keyPaths(child, path), ...members.flatMap((member) => keyPaths(member))]
  })
}

/** The default of a key as YAML has it in one line; a section has none of its own. */
export function writtenDefault({ default: value, properties }: SchemaNode): string | undefined {
  if (value === undefined || properties !== undefined) return undefined
  return typeof value === 'string' ? value : JSON.stringify(value).replaceAll('"', '').replaceAll(',', ', ')
}

/** The keys of each type of provider, by type. */
export function providerKeys(): ReadonlyMap<string, readonly SchemaKey[]> {
  const { anyOf = [] } = provider as SchemaNode
  return new Map(anyOf.map((node) => [String(node.properties?.type?.enum?.[0]), keyPaths(node)]))
}
