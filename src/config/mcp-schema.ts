import Type from 'typebox'
import { redirectKind } from '../core/mcp/redirect-uri.ts'
import { secret, text, url, word } from './leaves.ts'
import { scope } from './provider-keys.ts'

const tool = () => text({ description: 'A tool, by its name.', examples: ['search'] })

/** What makes a route an MCP server, and what its tools ask for. */
export const routeMcp = Type.Object(
  {
    challenge: word(['lazy', 'connect'], {
      description:
        'lazy: clients may list tools without a token, and are challenged for more. connect: for everything.',
      default: 'lazy',
    }),
    public_tools: Type.Array(tool(), {
      description: 'Tools that need no token; every other one does, unknown ones too.',
      default: [],
    }),
    scopes: Type.Array(scope('notes/read'), { description: 'What every token of ours must hold.', default: [] }),
    tool_scopes: Type.Record(Type.String({ pattern: '^.+$' }), Type.Array(scope('notes/write'), { minItems: 1 }), {
      description: 'What it must hold for a tool besides, by the name of the tool.',
      default: {},
    }),
    tool_providers: Type.Record(
      Type.String({ pattern: '^.+$' }),
      text({ description: 'A provider.', examples: ['github'] }),
      {
        description:
          'The provider whose token a tool gets instead of the usual one, by the name of the tool. Its user has to connect it.',
        default: {},
      },
    ),
  },
  { description: 'The tool is an MCP server: its clients get tokens of ours, in the name of people.' },
)

const client = Type.Object(
  {
    client_id: text(
      { description: 'What the client calls itself.', examples: ['desktop-app'] },
      [(value) => /^[\x21-\x7e]{1,200}$/.test(value), 'must be plain ASCII without spaces, at most 200 characters'],
      [(value) => !/^https?:/i.test(value), 'is an address; a client with a metadata document needs no entry here'],
    ),
    client_name: text({ description: 'Its name on the consent page.', examples: ['Desktop app'] }),
    redirect_uris: Type.Array(
      text({ description: 'Where codes may be sent.', examples: ['http://127.0.0.1/callback'] }, [
        (value) => redirectKind(value) !== undefined,
        'must be https://, http:// to this machine (any port will do) or a scheme of the app, without a fragment (#)',
      ]),
      { description: 'Where codes may be sent.', minItems: 1 },
    ),
    client_secret: Type.Optional(secret({ description: 'Only if it can keep one.', examples: ['${DESKTOP_SECRET}'] })),
    jwks_uri: Type.Optional(
      url({ description: 'The keys it signs with (private_key_jwt).', examples: ['https://app.acme.io/jwks.json'] }),
    ),
  },
  { description: 'A client that is known beforehand.' },
)

/** The authorization server for MCP clients. */
export const mcp = Type.Object(
  {
    clients: Type.Array(client, {
      description: 'Clients that are known beforehand. Others register by themselves.',
      default: [],
    }),
    client_documents: Type.Boolean({
      description:
        'Know clients by the documents at their client_id. false: nothing is fetched from addresses that clients name, for gateways without a way to the internet.',
      default: true,
    }),
    root_aliases: Type.Boolean({
      description: 'Answer at /authorize, /token and /register, too, for clients that do not read metadata.',
      default: false,
    }),
  },
  { description: 'MCP clients that sign their users in.', default: {} },
)
