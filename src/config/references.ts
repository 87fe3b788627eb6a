import { existsSync } from 'node:fs'
import { access, constants, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** What a reference stands for, or the sentence that says why that cannot be known. */
export type Resolved = { readonly text: string } | { readonly problem: string }

const reference = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\$\{/g

/** Whether there is anything to fill in. */
export const isReference = (text: string): boolean => text.includes('${')

/**
 * Fills in `${NAME}` and `${NAME:-default}`; `$${` stands for `${`. As in a shell, an empty variable counts as not set.
 * The problem names variables, never what they hold.
 */
export function interpolate(text: string, env: NodeJS.ProcessEnv): Resolved {
  let problem: string | undefined
  const filled = text.replace(reference, (match, name: string | undefined, fallback: string | undefined) => {
    if (match === '$${') return '${'
    if (name === undefined) {
      problem ??= 'has a ${ that is not ${NAME} or ${NAME:-default}; write $${ for the characters themselves'
      return ''
    }
    const value = env[name] || fallback
    if (value === undefined) problem ??= `the environment variable ${name} is not set or empty; set it`
    return value ?? ''
  })
  return problem === undefined ? { text: filled } : { problem }
}

/** What is in a file. The problem says why it cannot be read, never what is in it. */
export async function contentOf(file: string): Promise<Resolved> {
  try {
    return { text: await readFile(file, 'utf8') }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : error
    return { problem: `the file cannot be read (${code}); a relative path starts at the folder of the config` }
  }
}

/** Whether a file is there to be written, or can be made: itself, or the sentence that says why not. */
export async function placeFor(file: string): Promise<Resolved> {
  try {
    await access(existsSync(file) ? file : dirname(file), constants.W_OK)
    return { text: file }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : error
    return { problem: `the file cannot be written (${code}); make its folder, and let the gateway write there` }
  }
}
