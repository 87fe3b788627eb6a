import { isHeaderList, varyBy } from './headers.ts'

/** Origins whose scripts may read a route's answers (Fetch standard, CORS protocol). */
export interface Cors {
  /** As browsers write them in `Origin`. */
  readonly origins: readonly string[]
  /** Whether they may also act for the person who is signed in. */
  readonly credentials: boolean
}

type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>
type AnswerHeaders = Readonly<Record<string, unknown>>

/** How long a browser may remember what it was permitted. Short, since a change of the config cannot recall it. */
const maxAgeSeconds = 600

/** Origins whose requests count like those of our own pages. */
export function trustedOrigins({ origins, credentials }: Cors): readonly string[] {
  return credentials ? origins : []
}

/** Who may read an answer with these headers, which they may read all. Replaces its `Vary`; empty without `cors`. */
export function corsHeaders(
  { origins, credentials }: Cors,
  { origin }: RequestHeaders,
  answer: AnswerHeaders,
): Record<string, string> {
  if (origins.length === 0) return {}
  const vary = varyBy(answer.vary, ['Origin'])
  if (typeof origin !== 'string' || !origins.includes(origin)) return { vary }
  const names = Object.keys(answer).join(', ')
  return {
    vary,
    'access-control-allow-origin': origin,
    ...(credentials && { 'access-control-allow-credentials': 'true' }),
    // By name: with credentials `*` would be read as the name of a header.
    ...(names !== '' && { 'access-control-expose-headers': names }),
  }
}

/**
 * The answer to a preflight: to a listed origin, what it asks for, if that is one of `methods` and a list of header
 * names; to all others nothing. Private networks are no exception.
 */
export function preflightHeaders(
  cors: Cors,
  request: RequestHeaders,
  methods: readonly string[],
): Record<string, string> {
  const permission = corsHeaders(cors, request, {})
  if (permission['access-control-allow-origin'] === undefined) return permission
  const method = String(request['access-control-request-method'])
  const names = request['access-control-request-headers']
  return {
    ...permission,
    ...(methods.includes(method) && { 'access-control-allow-methods': method }),
    ...(typeof names === 'string' && isHeaderList(names) && { 'access-control-allow-headers': names }),
    'access-control-max-age': String(maxAgeSeconds),
  }
}
