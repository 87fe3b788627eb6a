import { readdir, readFile } from 'node:fs/promises'
import type { Documents } from '../core/ports.ts'

/** Beside `src/` in a clone, and beside `dist/` in the package and the image. */
const ours = new URL('../../docs/', import.meta.url)

/** The documents in a folder, by default those that come with the gateway. Where there is no folder, there are none. */
export function createDocuments(folder = ours): Documents {
  let names: Promise<ReadonlySet<string>> | undefined

  async function list(): Promise<ReadonlySet<string>> {
    const files = await readdir(folder).catch(() => [])
    return new Set(files.filter((file) => file.endsWith('.md')).map((file) => file.slice(0, -'.md'.length)))
  }

  return {
    names() {
      names ??= list()
      return names
    },
    read: (name) => readFile(new URL(`${name}.md`, folder), 'utf8'),
  }
}
