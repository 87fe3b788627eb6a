interface Frame {
  readonly functionName: string
  readonly url: string
}

/** Native functions without a file, by what they do. */
const natives: readonly (readonly [RegExp, string])[] = [
  [/^(writev|write(Latin1|Utf8|Ascii|Ucs2)String|writeBuffer|shutdown)$/, 'socket writes'],
  [/^\(garbage collector\)$/, 'garbage collection'],
  [/^(execute|consume|unconsume|initialize|free|remove|close)$/, 'HTTP parser and handles of Node, native'],
  [/^\(program\)$/, 'native code outside JavaScript: reads, epoll'],
]

/** Which part of the program a function belongs to. */
export function groupOf({ functionName, url }: Frame): string {
  if (url === '') return natives.find(([pattern]) => pattern.test(functionName))?.[1] ?? 'other native functions'
  if (url.startsWith('wasm:')) return 'undici: HTTP parser'
  if (url.startsWith('node:')) return nodeGroup(url)
  const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? []
  if (name !== undefined) return name
  const ours = fileOf(url)
  return ours === undefined ? 'other' : `ours: ${ours.split('/').slice(0, 2).join('/')}`
}

/** The path below the project of a file of ours, or nothing. */
export function fileOf(url: string): string | undefined {
  return url.includes('/node_modules/') ? undefined : /\/(src\/.*)$/.exec(url)?.[1]
}

function nodeGroup(url: string): string {
  if (/stream/.test(url)) return 'Node: streams'
  if (/_http|internal\/http/.test(url)) return 'Node: HTTP'
  if (/net$|stream_base|socket/.test(url)) return 'Node: sockets'
  if (/timers/.test(url)) return 'Node: timers'
  if (/async|process\/|promise|event/.test(url)) return 'Node: events, ticks, promises'
  if (/crypto/.test(url)) return 'Node: crypto'
  return 'Node: other'
}
