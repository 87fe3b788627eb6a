import { stringify } from 'yaml'
import { isLoopback } from '../core/loopback.ts'
import { parseUrl } from './leaves.ts'

/** A key of the provider, its value as it is to be written, and what it is. */
export interface Setting {
  readonly key: string
  readonly value: string
  readonly comment: string
}

/** What a first config is made of. References such as `${NAME}` stay as they are. */
export interface FirstConfig {
  readonly publicUrl: string
  readonly storeUrl: string
  readonly provider: { readonly name: string; readonly type: string; readonly settings: readonly Setting[] }
  readonly route: { readonly name: string; readonly path: string; readonly upstream: string }
}

/** A line of YAML and the comment beside it. */
type Line = readonly [yaml: string, comment?: string]

/** The text of a small config with comments: what is asked at first, and everything else left to its default. */
export function firstConfig({ publicUrl, storeUrl, provider, route }: FirstConfig): string {
  const lines: readonly Line[] = [
    ['# yaml-language-server: $schema=./toolgate.schema.json'],
    ['#'],
    ['# config/toolgate.example.yaml shows every other key, docs/configuration.md explains each.'],
    ['# Secrets stay out of this file: ${NAME} reads the environment.'],
    [''],
    [`public_url: ${scalar(publicUrl)}`, 'the origin people see'],
    ...listen(publicUrl),
    [''],
    ['store:'],
    [`  url: ${scalar(storeUrl)}`, 'memory: | redis://HOST:PORT | rediss://HOST:PORT'],
    ...(storeUrl === 'memory:' ? [] : encryptionKeys),
    [''],
    ['providers:'],
    [`  ${provider.name}:`, 'a name of your choice'],
    [`    type: ${provider.type}`],
    ...provider.settings.map(({ key, value, comment }): Line => [`    ${key}: ${scalar(value)}`, comment]),
    [''],
    ['routes:'],
    [`  - name: ${scalar(route.name)}`, 'in logs, metrics and on the home page'],
    [`    path: ${scalar(route.path)}`, 'what people open; the longest prefix wins'],
    [`    upstream: ${scalar(route.upstream)}`, 'the tool itself'],
    ['    access: signed_in', 'signed_in | optional | public'],
    ['#    allow: { groups: [analysts] }', 'only members of these groups'],
  ]
  const commentColumn = Math.max(...lines.map(([yaml, comment]) => (comment === undefined ? 0 : yaml.length + 2)))
  return lines.map(([yaml, comment]) => `${comment ? `${yaml.padEnd(commentColumn)}# ${comment}` : yaml}\n`).join('')
}

const encryptionKeys: readonly Line[] = [
  ['encryption_keys:', 'the first seals what is stored, all open'],
  ['  - ${TOOLGATE_KEY}', 'make one: toolgate keys new'],
]

/** An address of this machine says where to listen; any other has a proxy before it, which listens elsewhere. */
function listen(publicUrl: string): readonly Line[] {
  const url = parseUrl(publicUrl)
  if (url?.protocol !== 'http:' || !isLoopback(url.hostname)) return []
  return [[`listen: { host: 127.0.0.1, port: ${url.port || '80'} }`, 'this machine only']]
}

/** A text as YAML, in quotes where it needs them. */
function scalar(text: string): string {
  return stringify(text, { lineWidth: 0 }).trimEnd()
}
