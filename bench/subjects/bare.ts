// `@fastify/http-proxy` as its readme shows it, with no authentication: what a gateway built on it cannot be faster than.
import httpProxy from '@fastify/http-proxy'
import fastify from 'fastify'

const [port, quick = '', tool = ''] = process.argv.slice(2)
const app = fastify({ logger: false })

for (const prefix of ['/signed-tool', '/public-tool']) {
  await app.register(httpProxy, { upstream: tool, prefix, rewritePrefix: prefix })
}
await app.register(httpProxy, { upstream: quick })
await app.listen({ host: '127.0.0.1', port: Number(port) })
process.once('SIGTERM', () => process.exit(0))
