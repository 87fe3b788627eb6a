/** A cookie to set; one with `maxAge` 0 ends. Seconds. */
interface Cookie {
  readonly name: string
  readonly value: string
  readonly maxAge?: number
}

/** What an endpoint answers, before faults and common headers. */
export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly cookies?: readonly Cookie[]
}

/** A request is turned down: `answer` is what the caller sees, `rule` what only the log says. */
export class Refusal extends Error {
  readonly rule: string
  readonly answer: Answer

  constructor(rule: string, answer: Answer) {
    super(rule)
    this.rule = rule
    this.answer = answer
  }
}

/** 302, as Cognito always redirects. */
export function redirect(location: string): Answer {
  return { status: 302, headers: { location } }
}

/** A page. */
export function html(status: number, body: string): Answer {
  return { status, headers: { 'content-type': 'text/html;charset=UTF-8' }, body }
}

/** A JSON answer with the content type the token endpoint was seen to send. */
export function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json;charset=UTF-8', ...headers },
    body: JSON.stringify(value),
  }
}

/** An OAuth error body (RFC 6749 section 5.2); most of Cognito's have no description. */
export function oauthError(status: number, error: string, description?: string): Answer {
  return json(status, description === undefined ? { error } : { error, error_description: description })
}

/** `302 /error?error=…`: the refusal stays on the domain and never reaches the client. */
export function errorPage(domain: string, error: string, clientId?: string): Answer {
  const parameters = new URLSearchParams({ error, ...(clientId === undefined ? {} : { client_id: clientId }) })
  return redirect(`${domain}/error?${parameters}`)
}
