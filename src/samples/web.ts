import fastify, { type FastifyInstance } from 'fastify'
import { createBearerVerifier, type Trust } from './bearer.ts'

/** A web page that greets the user whose token came with the request. It has no sign-in of its own. */
export function buildSampleWeb(trust: Trust): FastifyInstance {
  const verifyBearer = createBearerVerifier(trust)
  const app = fastify()

  app.get('/*', async (request, reply) => {
    reply.type('text/html; charset=utf-8')
    try {
      const { username, scope } = await verifyBearer(request.headers.authorization)
      const groups = String(request.headers['x-forwarded-groups'] ?? 'none')
      return page(`Hello, ${username}`, [
        ['Address', request.url],
        ['E-mail', decodeURIComponent(String(request.headers['x-forwarded-email'] ?? 'unknown'))],
        ['Groups', decodeURIComponent(groups)],
        ['Scopes', String(scope)],
      ])
    } catch (error) {
      return reply.code(401).send(page('I do not know you', [['Reason', String(error)]]))
    }
  })
  return app
}

function page(heading: string, facts: readonly (readonly [string, string])[]): string {
  const rows = facts.map(([name, value]) => `<dt>${escaped(name)}</dt><dd>${escaped(value)}</dd>`).join('\n')
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(heading)} · Sample page</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
  body { max-width: 40rem; margin: 12vh auto; padding: 0 1.5rem }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: .5rem 1.5rem }
  dt { opacity: .7 } dd { margin: 0; overflow-wrap: anywhere }
</style>
<h1>${escaped(heading)}</h1>
<p>This tool has no sign-in of its own. It verified the access token that came with the request.</p>
<dl>
${rows}
</dl>
<p><a href="/oauth/">All tools</a></p>
</html>
`
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
