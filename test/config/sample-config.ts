import { parseConfig } from '../../src/config/load.ts'
import { ConfigError, type Problem } from '../../src/config/problem.ts'

/** A config without any problem, 13 lines; a line beyond the last belongs to the route or, unindented, to the top. */
const sample = `public_url: https://tools.acme.io
providers:
  cognito:
    type: cognito
    domain: https://acme.auth.eu-west-1.amazoncognito.com
    user_pool_id: eu-west-1_Xk3fP9qLm
    client_id: 4f7q2k9v1m3x8c5b
    scopes: [openid, email]
routes:
  - name: reports
    path: /reports
    upstream: http://127.0.0.1:3000
    access: signed_in
`

/** The sample with lines replaced, by number from 1. */
export function sampleWith(changes: Readonly<Record<number, string>> = {}): string {
  const lines = sample.trimEnd().split('\n')
  for (const [number, text] of Object.entries(changes)) lines[Number(number) - 1] = text
  return lines.join('\n')
}

/** All problems of a text; none when it can be used. */
export async function problemsOf(text: string, env: NodeJS.ProcessEnv = {}, file = 'toolgate.yaml') {
  return parseConfig(text, file, env).then(() => [] as readonly Problem[], problemsIn)
}

/** The problems of a refused config; any other failure stays one. */
export function problemsIn(error: unknown): readonly Problem[] {
  if (error instanceof ConfigError) return error.problems
  throw error
}
