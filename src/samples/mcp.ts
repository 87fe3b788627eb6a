import fastify, { type FastifyInstance } from 'fastify'
import { createBearerVerifier, type Trust } from './bearer.ts'
import { createMcp, type Message, messageSchema, type Tool } from './mcp-protocol.ts'

const mostNotes = 100

/** An MCP server that keeps notes. Everybody may search them; who adds one is known by the token of the request. */
export function buildSampleMcp(trust: Trust): FastifyInstance {
  const verifyBearer = createBearerVerifier(trust)
  const notes = ['toolgate: Every tool behind me is called with the right token.']

  async function usernameOf(authorization: string | undefined): Promise<unknown> {
    try {
      return (await verifyBearer(authorization)).username
    } catch (error) {
      throw Object.assign(new Error(`I do not know you. ${error}`), { statusCode: 401 })
    }
  }

  const tools: Record<string, Tool> = {
    search: {
      description: 'Finds notes by a word in them',
      argument: 'word',
      call: (word) => notes.filter((note) => note.toLowerCase().includes(word.toLowerCase())).join('\n') || 'Nothing.',
    },
    add_note: {
      description: 'Adds a note in your name',
      argument: 'text',
      call: async (text, authorization) => {
        const username = await usernameOf(authorization)
        notes.push(`${username}: ${text}`)
        notes.splice(0, notes.length - mostNotes)
        return `Noted, ${username}.`
      },
    },
    whoami: {
      description: 'Says who you are, by the token that came with the request',
      call: async (_, authorization) => `You are ${await usernameOf(authorization)}.`,
    },
  }

  const answer = createMcp(tools)
  const app = fastify()
  app.post<{ Body: Message }>('/*', { schema: { body: messageSchema } }, async ({ body, headers }, reply) => {
    const { status, body: message } = await answer(body, headers)
    return reply.code(status).send(message)
  })
  // There are no sessions, and no stream of them.
  app.route({
    method: ['GET', 'DELETE'],
    url: '/*',
    handler: (_, reply) => reply.code(405).header('allow', 'POST').send(),
  })
  return app
}
