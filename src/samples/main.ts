// One sample tool alone: `node main.js web|api|mcp`, with ISSUER and CLIENT_ID of the tokens it accepts, and its PORT.
import { buildSampleApi } from './api.ts'
import { buildSampleMcp } from './mcp.ts'
import { buildSampleWeb } from './web.ts'

const builders = new Map([
  ['web', buildSampleWeb],
  ['api', buildSampleApi],
  ['mcp', buildSampleMcp],
])

const build = builders.get(process.argv[2] ?? '')
const { ISSUER: issuer, CLIENT_ID: clientId, PORT: port } = process.env

if (build === undefined || !issuer || !clientId || !port) {
  process.stderr.write(`Say which of ${[...builders.keys()].join(', ')} to run, and set ISSUER, CLIENT_ID and PORT.\n`)
  process.exitCode = 1
} else {
  const app = build({ issuer, clientId })
  // Nobody but the gateway on this machine has business here.
  await app.listen({ host: '127.0.0.1', port: Number(port) })
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => app.close())
}
