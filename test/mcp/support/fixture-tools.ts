import { type CallToolResult, fromJsonSchema, type McpServer, type ServerContext } from '@modelcontextprotocol/server'
import { audio, embeddedResource, image, text } from './fixture-content.ts'
import type { ListChanged } from './fixture-server.ts'

/** Tools that answer the same each time. */
const contents = {
  test_simple_text: [text('This is a simple text response for testing.')],
  test_image_content: [image],
  test_audio_content: [audio],
  test_embedded_resource: [embeddedResource('test://embedded-resource')],
  test_multiple_content_types: [text('Several at once:'), image, embeddedResource('test://mixed-content-resource')],
} satisfies Record<string, CallToolResult['content']>

/** The suite's tools that ask nothing of the client. */
export function addTools(server: McpServer, changed: ListChanged): void {
  for (const [name, content] of Object.entries(contents)) {
    server.registerTool(name, { description: `Answers with content: ${name}` }, () => ({ content }))
  }

  const add = (name: string, description: string, act: (ctx: ServerContext) => unknown) =>
    server.registerTool(name, { description }, async (ctx) => {
      await act(ctx)
      return { content: [text(`${name} is done.`)] }
    })

  add('test_error_handling', 'Always fails', () => {
    throw new Error('This tool intentionally returns an error for testing')
  })
  add('test_tool_with_logging', 'Logs three lines while it works', logThrice)
  add('test_logging_tool', 'Logs, where the client wants to hear of it', logThrice)
  add('test_tool_with_progress', 'Says three times how far it is', reportProgress)
  add('test_trigger_tool_change', 'Has the list of tools change', () => changed('tools'))
  add('test_trigger_prompt_change', 'Has the list of prompts change', () => changed('prompts'))

  server.registerTool(
    'test_custom_headers',
    { description: 'Wants its region in a header, too (SEP-2243)', inputSchema: region },
    (args) => ({ content: [text(`The region is ${args.region}.`)] }),
  )
}

// Not among the keywords that the schema's type knows.
const inHeader = { 'x-mcp-header': 'Region' }
const region = fromJsonSchema<{ region: string }>({
  type: 'object',
  properties: { region: { type: 'string', ...inHeader } },
  required: ['region'],
})

async function logThrice({ mcpReq }: ServerContext): Promise<void> {
  for (const step of ['started', 'works', 'ends']) await mcpReq.log('info', `The tool ${step}.`)
}

async function reportProgress({ mcpReq }: ServerContext): Promise<void> {
  const progressToken = mcpReq._meta?.progressToken
  if (progressToken === undefined) return
  for (const progress of [0, 50, 100]) {
    await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: 100 } })
  }
}
