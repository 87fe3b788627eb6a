import Type, { type Static, type StaticDecode } from 'typebox'
import { addressRange } from './address-range.ts'
import { allow } from './allow-schema.ts'
import {
  duration,
  isHttpsOrLoopback,
  isPrefix,
  isToken,
  parseUrl,
  patterned,
  readableFile,
  secret,
  text,
  word,
  wordOrFile,
} from './leaves.ts'
import { mcp } from './mcp-schema.ts'
import { provider } from './provider-schema.ts'
import { route } from './route-schema.ts'
import { store } from './store-schema.ts'

const host = (description: string, address: string) =>
  text({ description, default: address }, [
    (value) => /^[A-Za-z0-9.:-]+$/.test(value),
    'must be an address or a host name',
  ])

const port = (description: string, number: number) =>
  Type.Integer({ description, default: number, minimum: 0, maximum: 65_535 })

const publicUrl = Type.Decode(
  text(
    { description: 'The origin people see.', examples: ['https://tools.example.com', 'http://localhost:8080'] },
    [(value) => parseUrl(value) !== undefined, 'must be a whole address, such as https://tools.example.com'],
    [
      (value) => /^[^/]*\/\/[^/?#@]+$/.test(value),
      'must be an origin: scheme, host and port alone, without a slash at the end',
    ],
    [isHttpsOrLoopback, 'must be https:// (plain http only for this machine)'],
  ),
  (value) => new URL(value).origin,
)

const encryptionKey = Type.Decode(
  secret(
    {
      description: 'One key: 32 random bytes, base64.',
      examples: ['${TOOLGATE_KEY}'],
    },
    [isEncryptionKey, 'must be 32 random bytes in base64; make one with: toolgate keys new'],
  ),
  (value): Uint8Array => Buffer.from(value, 'base64'),
)

/** The whole YAML file. Everything the gateway knows about its config comes from here. */
export const schema = Type.Object({
  public_url: publicUrl,
  base_path: text(
    { description: 'Where our own pages live.', default: '/oauth' },
    [(value) => isPrefix(value) && value !== '/', 'must be a path such as /oauth, without a slash at the end'],
    [(value) => !/^\/\.well-known(\/|$)/.test(value), 'must not be below /.well-known'],
  ),
  listen: Type.Object(
    {
      host: host('The address to listen on.', '0.0.0.0'),
      port: port('The port to listen on; 0 takes any free one.', 8080),
      tls: Type.Optional(
        Type.Object(
          {
            cert: readableFile({ description: 'The certificate and its chain (PEM).', examples: ['tls/cert.pem'] }),
            key: readableFile({ description: 'Its key (PEM).', examples: ['tls/key.pem'] }),
          },
          { description: 'Speak TLS here. Leave it out behind a proxy that does.' },
        ),
      ),
    },
    { description: 'The public listener.', default: {} },
  ),
  admin: Type.Object(
    {
      host: host('The address of /healthz and /readyz.', '127.0.0.1'),
      port: port('Its port; never the public one.', 9090),
    },
    { description: 'The listener for health.', default: {} },
  ),
  forward_auth: Type.Optional(
    Type.Object(
      {
        host: host('The address of /oauth/auth.', '127.0.0.1'),
        port: port('Its port; never the public one.', 9091),
      },
      { description: 'The listener for front proxies. Absent: there is none. Needs trusted_proxies.' },
    ),
  ),
  trusted_proxies: Type.Array(
    addressRange({ description: 'A range of addresses, or one.', examples: ['10.0.0.0/8', '::1'] }),
    { description: 'Proxies in front, whose X-Forwarded-* and Forwarded are believed. Empty: nobody.', default: [] },
  ),
  workers: Type.Integer({
    description: 'Processes that share the port. More than one needs Redis.',
    default: 1,
    minimum: 1,
    maximum: 64,
  }),
  log: Type.Object(
    {
      level: word(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
        description: 'The least that is logged.',
        default: 'info',
      }),
      audit: wordOrFile(['stdout', 'off'], {
        description: 'Where audit events go, whatever the level: stdout, off, or a file that grows by a line for each.',
        default: 'stdout',
      }),
    },
    { description: 'Log lines, JSON.', default: {} },
  ),
  branding: Type.Object(
    {
      name: text({ description: 'The name on our pages.', default: 'toolgate' }),
      logo: Type.Optional(
        text(
          {
            description: 'SVG text (usually { file: logo.svg }), a data:image/ address, or a path on this host.',
            examples: ['/reports/logo.svg'],
          },
          [
            (value) => /^(\s*<|data:image\/|\/(?![/\\]))/.test(value),
            'must be SVG text, a data:image/ address or a path on this host',
          ],
        ),
      ),
      accent: Type.Optional(
        patterned(
          { description: 'The colour of buttons and links.', examples: ['#0f766e'] },
          '^#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$',
          'must be a colour such as "#0f766e", in quotes',
        ),
      ),
      contact: Type.Optional(
        text({ description: 'Whom to ask for access: an e-mail address, a link or a name.', examples: ['it@acme.io'] }),
      ),
    },
    { description: 'How our pages look.', default: {} },
  ),
  store,
  encryption_keys: Type.Array(encryptionKey, {
    description: 'Seal what is stored: the first seals, all open. Needed unless the store is memory:.',
    default: [],
  }),
  sessions: Type.Object(
    {
      cookie: text(
        { description: 'The name of the session cookie.', default: 'toolgate' },
        [isToken, 'must be a cookie name (RFC 6265 token): letters, digits, - and _'],
        [(value) => !/^__(host|secure)-/i.test(value), 'must not begin with __Host- or __Secure-; the gateway adds it'],
      ),
      idle: duration({ description: 'A session ends after this long without a request.', default: '12h' }),
      absolute: duration({ description: 'A session ends after this long, used or not.', default: '30d' }),
      claims_max_age: duration({
        description: 'How old the claims that rules are checked with may get.',
        default: '1h',
      }),
    },
    { description: 'Browser sessions.', default: {} },
  ),
  test: Type.Optional(
    Type.Object(
      { allow },
      { description: 'Who may open the test sign-in, /oauth/test. Absent: only with toolgate dev.' },
    ),
  ),
  mcp,
  providers: Type.Record(Type.String({ pattern: '^(?=.*[a-z-])[a-z0-9-]+$' }), provider, {
    description: 'Who signs people in, by a name of your choice. The first is the default.',
    minProperties: 1,
    keyErrorMessage: 'a provider name must be lower-case letters, digits and hyphens, not digits alone',
  }),
  routes: Type.Array(route, { description: 'The tools behind the gateway.', default: [] }),
})

/** Everything readonly, all the way down. */
type Frozen<T> = T extends Uint8Array
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Frozen<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: Frozen<T[Key]> }
      : T

/** The config as the gateway uses it: durations in milliseconds, sizes in bytes, defaults filled, secrets in clear. */
export type Config = Frozen<StaticDecode<typeof schema>>
export type RouteConfig = Config['routes'][number]
export type ProviderConfig = Config['providers'][string]

/** What is left of a value once everything that was wrong by itself has been taken out. */
type Partially<T> = T extends readonly (infer Item)[]
  ? readonly (Partially<Item> | undefined)[]
  : T extends object
    ? { readonly [Key in keyof T]?: Partially<T[Key]> | undefined }
    : T

/** The config as written, with defaults, before decoding: what rules over several keys look at. */
export type Draft = Partially<Static<typeof schema>>

function isEncryptionKey(value: string): boolean {
  const bytes = Buffer.from(value, 'base64')
  return bytes.length === 32 && bytes.toString('base64') === value && new Set(bytes).size > 1
}
