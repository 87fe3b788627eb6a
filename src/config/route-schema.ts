import Type from 'typebox'
import { parseTemplate } from '../core/template.ts'
import { routeAllow } from './allow-schema.ts'
import { isIdentityHeader, isInjectable } from './injectable-headers.ts'
import {
  duration,
  isBrowserOrigin,
  isPrefix,
  isToken,
  patterned,
  readableFile,
  size,
  text,
  url,
  word,
} from './leaves.ts'
import { routeMcp } from './mcp-schema.ts'
import { scope } from './provider-keys.ts'

/** What a header of `identity_headers` may hold. */
const identityNames = ['user', 'sub', 'provider', 'email', 'name', 'groups', 'preferred_username']
const tokenNames = ['access_token', 'id_token']

function namesOf(template: string): readonly string[] | undefined {
  try {
    return parseTemplate(template).names
  } catch {
    return undefined
  }
}

const template = (description: string, example: string, names: readonly string[]) =>
  text(
    { description, examples: [example] },
    [(value) => /^[\x20-\x7e]+$/.test(value), 'must be plain ASCII on one line'],
    [
      (value) => namesOf(value)?.every((name) => names.includes(name)) ?? false,
      `braces may only hold ${names.map((name) => `{${name}}`).join(' or ')}`,
    ],
  )

const provider = (description: string) => text({ description, examples: ['cognito'] })

/** A tool: where it appears, where it lives, who may use it and what it is given. */
export const route = Type.Object(
  {
    name: patterned(
      { description: 'Names the route in logs, metrics and the route table.', examples: ['reports'] },
      '^[a-z0-9-]+$',
      'must be lower-case letters, digits and hyphens',
    ),
    title: Type.Optional(text({ description: 'Its name on the home page.', examples: ['Reports'] })),
    description: Type.Optional(
      text({ description: 'A sentence under its name on the home page.', examples: ['Monthly figures'] }),
    ),
    host: Type.Optional(
      Type.Decode(
        text(
          {
            description:
              'The host it is on; with a port where that is not the one of public_url. Default: the host of public_url.',
            examples: ['reports.acme.io'],
          },
          [
            (value) => /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?$/.test(value),
            'must be a host name as in the Host header, with a port at most: no scheme, no path',
          ],
        ),
        (value) => value.toLowerCase(),
      ),
    ),
    path: text(
      {
        description: 'The prefix it answers under; matches whole segments, the longest prefix wins.',
        examples: ['/reports'],
      },
      [(value) => value.startsWith('/'), 'must start with /'],
      [(value) => value === '/' || !value.endsWith('/'), 'must not end with /; the prefix covers what is below it'],
      [isPrefix, 'must be a plain path: no // or dot segments, no ; or ? or backslash, no encoded slash or letter'],
    ),
    upstream: Type.Optional(
      Type.Decode(
        url(
          {
            description: "The tool itself. A path in it takes the place of the route's prefix.",
            examples: ['http://127.0.0.1:3000'],
          },
          { http: true },
        ),
        (value) => new URL(value).href.replace(/\/+$/, ''),
      ),
    ),
    forward_auth: Type.Boolean({
      description: 'No upstream: a front proxy asks who may pass, and sends the requests on itself.',
      default: false,
    }),
    strip_path: Type.Boolean({
      description: 'Take the prefix off before the request goes to the upstream.',
      default: false,
    }),
    tls: Type.Optional(
      Type.Object(
        {
          ca: Type.Optional(
            readableFile({
              description: 'Certificates (PEM) that may vouch for the upstream.',
              examples: ['tls/ca.pem'],
            }),
          ),
          server_name: Type.Optional(
            text({ description: 'The name its certificate must bear.', examples: ['reports.internal'] }, [
              (value) => /^[A-Za-z0-9.-]+$/.test(value),
              'must be a host name',
            ]),
          ),
          client_cert: Type.Optional(
            readableFile({ description: 'Certificate (PEM) shown to the upstream.', examples: ['tls/client.pem'] }),
          ),
          client_key: Type.Optional(
            readableFile({ description: 'The key (PEM) of client_cert.', examples: ['tls/client.key'] }),
          ),
          insecure: Type.Boolean({ description: 'Do not verify its certificate. For trials only.', default: false }),
        },
        { description: 'TLS towards an https upstream.' },
      ),
    ),
    access: word(['signed_in', 'optional', 'public'], {
      description: 'signed_in: only people who signed in. optional: others too, unnamed. public: no one is asked.',
      default: 'signed_in',
    }),
    sign_in: Type.Optional(
      Type.Array(provider('A provider.'), {
        description: 'Whose people may enter. Default: the first provider.',
        minItems: 1,
      }),
    ),
    provider: Type.Optional(provider('Whose token goes to the upstream. Default: the one signed in with.')),
    scopes: Type.Optional(
      Type.Array(scope('reports/read'), {
        description: 'What the token must hold. A token without is sent back to the provider, to ask for more.',
        minItems: 1,
      }),
    ),
    allow: Type.Optional(routeAllow),
    inject: Type.Union(
      [
        word(['access_token', 'id_token', 'none'], { description: 'Which token goes into Authorization: Bearer.' }),
        Type.Object(
          {
            header: text(
              { description: 'The header to set.', examples: ['X-Api-Token'] },
              [isToken, 'must be a header name (RFC 9110 token)'],
              [isInjectable, 'is a header the gateway writes itself; choose another'],
            ),
            value: Type.Refine(
              template('Its value; {access_token} or {id_token} is filled in.', 'Token {access_token}', tokenNames),
              (value) => namesOf(value)?.length !== 0,
              () => 'must hold {access_token} or {id_token}',
            ),
          },
          { description: 'A header of your own.' },
        ),
      ],
      {
        description: 'What the upstream is given: access_token, id_token, none, or a header of your own.',
        default: 'access_token',
        errorMessage: 'must be access_token, id_token, none or { header, value }',
      },
    ),
    identity_headers: Type.Union(
      [
        Type.Boolean(),
        Type.Record(
          Type.String({ pattern: "^[!#$%&'*+\\-.^_`|~0-9A-Za-z]+$" }),
          template('What the header holds.', '{email}', identityNames),
          {
            minProperties: 1,
            keyErrorMessage: 'cannot carry an identity; choose another header name',
            keyRule: isIdentityHeader,
          },
        ),
      ],
      {
        description:
          'true: X-Forwarded-User, -Email, -Groups and -Preferred-Username. false: none. Or a map from header to what it holds.',
        default: true,
        errorMessage: 'must be true, false or a map such as { X-Webauth-User: "{email}" }',
      },
    ),
    identity: word(['none', 'signed'], {
      description: 'signed: who the user is, as a JWT in X-Toolgate-Identity that the upstream can verify.',
      default: 'none',
    }),
    accept: Type.Optional(
      Type.Array(word(['session', 'grant', 'provider_token'], { description: 'A credential.' }), {
        description:
          'What counts: session, our cookie; grant, a token of ours; provider_token, one of the provider. Default: grant with mcp, else session.',
        minItems: 1,
      }),
    ),
    mcp: Type.Optional(routeMcp),
    cors: Type.Object(
      {
        origins: Type.Array(
          text(
            { description: 'One origin, as browsers write it.', examples: ['https://app.acme.io'] },
            [(value) => !value.includes('*'), 'must be one origin; there is no wildcard, list each'],
            [(value) => value !== 'null', 'stands for every sandboxed page and local file, so it cannot be listed'],
            [
              isBrowserOrigin,
              'must be an origin such as https://app.acme.io: lower case, no path or slash, no default port',
            ],
          ),
          { description: 'The origins, each in full.', default: [] },
        ),
        credentials: Type.Boolean({
          description: 'They may also act for who is signed in. Within one site only: browsers keep our cookie there.',
          default: false,
        }),
      },
      { description: 'Pages of other origins whose scripts may read the answers.', default: {} },
    ),
    cache: word(['private', 'shared'], {
      description: 'private: answers for people are stored for nobody else. shared: as the upstream says.',
      default: 'private',
    }),
    timeouts: Type.Object(
      {
        connect: duration({ description: 'To reach the upstream.', default: '5s' }),
        response: duration({ description: 'Until its answer begins.', default: '60s' }),
        idle: duration({ description: 'Between two pieces of an answer, or of a WebSocket.', default: '5m' }),
      },
      { description: 'How long to wait for the upstream.', default: {} },
    ),
    max_body: size({
      description: 'The largest request body that is passed on. A KB is 1024 bytes.',
      default: '100MB',
    }),
  },
  { description: 'A tool: where it appears, where it lives, who may use it and what it is given.' },
)
