import { mkdir, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { configSchema } from '../../config/editor-schema.ts'

/** Writes the config, and beside it the schema that its first line names for editors, unless one is there. */
export async function writeConfig(file: string, text: string): Promise<void> {
  const schemaFile = join(dirname(file), 'toolgate.schema.json')
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, text)
  if (!(await isThere(schemaFile))) await writeFile(schemaFile, `${JSON.stringify(configSchema, null, 2)}\n`)
}

/** Whether a file is there. */
export async function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  )
}
