import type { FastifyRequest } from 'fastify'

/** A request as the endpoints see it. */
export interface Incoming {
  /** The query as it was sent, without the question mark. */
  readonly search: string
  readonly query: URLSearchParams
  /** Undefined when the body is not form encoded. */
  readonly form: URLSearchParams | undefined
  readonly cookies: Readonly<Record<string, string | undefined>>
  readonly authorization: string | undefined
  /** The browser's XSRF-TOKEN, or the one it is about to get. */
  readonly csrf: string
}

/** Reads a Fastify request whose body, if any, is a string. */
export function incoming(request: FastifyRequest): Incoming {
  const at = request.url.indexOf('?')
  const search = at === -1 ? '' : request.url.slice(at + 1)
  return {
    search,
    query: new URLSearchParams(search),
    form: formOf(request.headers['content-type'], request.body),
    cookies: request.cookies,
    authorization: request.headers.authorization,
    csrf: request.getDecorator<string>('csrf'),
  }
}

/** The client a request names, true or not; for the log. */
export function clientIdOf({ query, form, authorization }: Incoming): string | null {
  const named = query.get('client_id') ?? form?.get('client_id') ?? basicCredentials(authorization)?.[0]
  return named?.slice(0, 128) ?? null
}

/** The two halves of `Authorization: Basic`; undefined without such a header. */
export function basicCredentials(authorization: string | undefined): readonly [string, string] | undefined {
  const encoded = /^Basic +(\S+)$/i.exec(authorization ?? '')?.[1]
  if (encoded === undefined) return undefined
  const [id = '', ...secret] = Buffer.from(encoded, 'base64').toString().split(':')
  return [id, secret.join(':')]
}

function formOf(contentType: string | undefined, body: unknown): URLSearchParams | undefined {
  if (typeof body !== 'string') return undefined
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(contentType ?? '')) return undefined
  // White space, quotes, braces, non-ASCII or a stray percent sign: somebody forgot to encode.
  if (/[^!#-;=?-Z_a-z~[\]]|%(?![0-9a-f]{2})/i.test(body)) return undefined
  return new URLSearchParams(body)
}
