import {
  acceptedContent,
  createRequestStateCodec,
  type ElicitRequestFormParams,
  fromJsonSchema,
  type InputRequests,
  inputRequired,
  inputResponse,
  type McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server'
import { text } from './fixture-content.ts'
import { enums, withDefaults } from './fixture-forms.ts'

type Form = ElicitRequestFormParams['requestedSchema']

const state = createRequestStateCodec<string>({ key: 'a key that only the fixture server knows' })

/** Refuses a `requestState` that is not as it was given out. */
export const requestState = { verify: state.verify }

const form = (field: string): Form => ({
  type: 'object',
  properties: { [field]: { type: 'string' } },
  required: [field],
})
const elicit = (message: string, requestedSchema: Form) => inputRequired.elicit({ message, requestedSchema })
const sample = (words: string) =>
  inputRequired.createMessage({ messages: [{ role: 'user', content: text(words) }], maxTokens: 100 })

/**
 * The suite's tools that need something of the client. They say what: clients of 2026-07-28 call again with it, those of
 * the eras before are asked on the stream of the call.
 */
export function addInputTools(server: McpServer): void {
  const answers = (ctx: ServerContext) => JSON.stringify(ctx.mcpReq.inputResponses)
  const has = (ctx: ServerContext, key: string) => inputResponse(ctx.mcpReq.inputResponses, key).kind !== 'missing'

  /** A tool that asks for all of `requests`, and is done when each is answered. */
  function add(name: string, requests: InputRequests, { isStateful = false } = {}): void {
    server.registerTool(name, { description: `Asks for ${Object.keys(requests).join(', ')}` }, async (ctx) => {
      const isDone = Object.keys(requests).every((key) => has(ctx, key))
      if (isDone && isStateful && ctx.mcpReq.requestState() !== name) throw new Error('The state is not ours.')
      if (isDone) return { content: [text(`${isStateful ? 'state-ok ' : ''}${answers(ctx)}`)] }
      return inputRequired({ inputRequests: requests, ...(isStateful && { requestState: await state.mint(name) }) })
    })
  }

  const userName = elicit('What is your name?', form('name'))
  const confirm = elicit('Please confirm', { type: 'object', properties: { ok: { type: 'boolean' } } })
  add('test_input_required_result_elicitation', { user_name: userName })
  add('test_streaming_elicitation', { user_name: userName })
  add('test_input_required_result_sampling', { capital_question: sample('What is the capital of France?') })
  add('test_missing_capability', { greeting: sample('Greet whoever declared no sampling') })
  add('test_input_required_result_list_roots', { client_roots: inputRequired.listRoots() })
  add('test_input_required_result_request_state', { confirm }, { isStateful: true })
  add('test_input_required_result_tampered_state', { confirm }, { isStateful: true })
  add(
    'test_input_required_result_multiple_inputs',
    { user_name: userName, greeting: sample('Generate a greeting'), client_roots: inputRequired.listRoots() },
    { isStateful: true },
  )
  add('test_elicitation_sep1034_defaults', { review: elicit('Please look over the defaults', withDefaults) })
  add('test_elicitation_sep1330_enums', { choice: elicit('Please choose', enums) })

  server.registerTool(
    'test_sampling',
    { description: 'Asks the model of the client', inputSchema: oneString('prompt') },
    ({ prompt }, ctx) =>
      has(ctx, 'answer')
        ? { content: [text(answers(ctx))] }
        : inputRequired({ inputRequests: { answer: sample(prompt) } }),
  )
  server.registerTool(
    'test_elicitation',
    { description: 'Asks the user', inputSchema: oneString('message') },
    ({ message }, ctx) =>
      has(ctx, 'answer')
        ? { content: [text(answers(ctx))] }
        : inputRequired({ inputRequests: { answer: elicit(message, form('response')) } }),
  )
  server.registerTool('test_input_required_result_capabilities', { description: 'Asks for what it may' }, (ctx) => {
    const declared = server.server.getClientCapabilities()
    const requests = {
      ...(declared?.elicitation && { user_name: userName }),
      ...(declared?.sampling && { greeting: sample('Generate a greeting') }),
    }
    return Object.keys(requests).some((key) => has(ctx, key))
      ? { content: [text(answers(ctx))] }
      : inputRequired({ inputRequests: requests })
  })
  server.registerTool('test_input_required_result_multi_round', { description: 'Asks twice' }, async (ctx) => {
    if (ctx.mcpReq.requestState() === 'second') return { content: [text(answers(ctx))] }
    const [step, request, next] = has(ctx, 'step1')
      ? ['step2', elicit('Step 2: What is your favorite color?', form('color')), 'second']
      : ['step1', elicit('Step 1: What is your name?', form('name')), 'first']
    return inputRequired({ inputRequests: { [step]: request }, requestState: await state.mint(next) })
  })
  server.registerPrompt('test_input_required_result_prompt', { description: 'Asks what it is about' }, (ctx) => {
    const about = acceptedContent<{ context: string }>(ctx.mcpReq.inputResponses, 'user_context')
    if (about === undefined) {
      return inputRequired({ inputRequests: { user_context: elicit('What is it about?', form('context')) } })
    }
    return { messages: [{ role: 'user', content: text(`Think of ${about.context}.`) }] }
  })
}

function oneString<Name extends string>(name: Name) {
  return fromJsonSchema<Record<Name, string>>({
    type: 'object',
    properties: { [name]: { type: 'string' } },
    required: [name],
  })
}
