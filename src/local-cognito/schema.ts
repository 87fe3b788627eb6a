import { type Static, Type } from 'typebox'

const closed = { additionalProperties: false }

const durationPattern = '^\\d+(ms|s|m|h|d)$'
const offsetPattern = '^-?\\d+(ms|s|m|h|d)$'
const originPattern = '^https?://[^/]+/?$'
const poolIdPattern = '^[\\w-]+$'

/** What to say of a text that does not match. */
export const patternSentences: ReadonlyMap<string, string> = new Map([
  [durationPattern, 'must be a duration such as 5s, 60m or 30d'],
  [offsetPattern, 'must be a duration such as 5m or -5m'],
  [originPattern, 'must be an http or https address without a path'],
  [poolIdPattern, 'must be letters, digits, _ and - only'],
])

const Duration = Type.String({ pattern: durationPattern })
const duration = (standard: string) => Type.String({ ...Duration, default: standard })
const strings = (standard: string[] = []) => Type.Array(Type.String({ minLength: 1 }), { default: standard })
const flag = (standard: boolean) => Type.Boolean({ default: standard })

const listen = (port: number) =>
  Type.Object(
    {
      host: Type.String({ default: '127.0.0.1', minLength: 1 }),
      port: Type.Integer({ default: port, minimum: 0, maximum: 65_535 }),
      public_url: Type.Optional(Type.String({ pattern: originPattern })),
    },
    { ...closed, default: {} },
  )

const User = Type.Object(
  {
    username: Type.String({ minLength: 1 }),
    password: Type.String({ minLength: 1 }),
    sub: Type.Optional(Type.String({ minLength: 1 })),
    email: Type.Optional(Type.String()),
    email_verified: flag(false),
    groups: strings(),
    attributes: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()]), { default: {} }),
  },
  closed,
)
export type User = Static<typeof User>

/** An app client. Every key but `id` can be changed while running. */
export const Client = Type.Object(
  {
    id: Type.String({ minLength: 1, maxLength: 128 }),
    secrets: strings(),
    callback_urls: strings(),
    logout_urls: strings(),
    flows: Type.Array(Type.Enum(['code', 'implicit', 'client_credentials']), { default: ['code'] }),
    scopes: strings(['openid']),
    identity_providers: strings(['COGNITO']),
    oauth: flag(true),
    branding: flag(true),
    access_token: duration('60m'),
    id_token: duration('60m'),
    refresh_token: duration('30d'),
    rotation: Type.Object({ enabled: flag(false), grace: duration('60s') }, { ...closed, default: {} }),
    revocation: flag(true),
    readable_attributes: Type.Union([Type.Literal('all'), Type.Array(Type.String())], { default: 'all' }),
  },
  closed,
)
export type Client = Static<typeof Client>

const settings = {
  domain: flag(true),
  managed_login: Type.Enum([1, 2], { default: 2 }),
  strict_resource: flag(true),
  extra_claims: Type.Record(Type.String(), Type.Unknown(), { default: {} }),
  resource_servers: Type.Array(Type.Object({ identifier: Type.String({ minLength: 1 }), scopes: strings() }, closed), {
    default: [],
  }),
  users: Type.Array(User, { default: [] }),
}

/** What can be changed about a pool while it runs: everything but its id; its clients have a switch of their own. */
export const PoolSettings = Type.Object(settings, closed)
export type PoolSettings = Static<typeof PoolSettings>

/** The whole YAML file. */
export const LocalCognitoConfig = Type.Object(
  {
    domain: listen(9230),
    issuer: listen(9231),
    control: listen(9232),
    pool: Type.Object(
      {
        id: Type.String({ default: 'us-east-1_LocalPool', pattern: poolIdPattern }),
        ...settings,
        clients: Type.Array(Client, { default: [] }),
      },
      { ...closed, default: {} },
    ),
  },
  closed,
)
export type LocalCognitoConfig = Static<typeof LocalCognitoConfig>

/** The endpoints that are counted and that faults can be set on. */
export const endpoints = ['authorize', 'login', 'token', 'userInfo', 'revoke', 'logout', 'discovery', 'jwks'] as const
export type Endpoint = (typeof endpoints)[number]

/** What shall go wrong, at one endpoint or, without `endpoint`, at each. `error` goes to the client's callback. */
export const Fault = Type.Object(
  {
    endpoint: Type.Optional(Type.Enum([...endpoints])),
    status: Type.Optional(Type.Integer({ minimum: 200, maximum: 599 })),
    headers: Type.Optional(Type.Record(Type.String(), Type.String())),
    body: Type.Optional(Type.Unknown()),
    error: Type.Optional(Type.String({ minLength: 1 })),
    error_description: Type.Optional(Type.String({ minLength: 1 })),
    delay: Type.Optional(Duration),
    hang: Type.Optional(Type.Boolean()),
    truncate: Type.Optional(Type.Boolean()),
    times: Type.Optional(Type.Integer({ minimum: 1 })),
  },
  closed,
)
export type Fault = Static<typeof Fault>

/** How far the clock is moved, back too. */
export const Clock = Type.Object({ offset: Type.String({ pattern: offsetPattern }) }, closed)

/** New signing keys. */
export const Rotation = Type.Object({ keep_old: flag(true) }, closed)
