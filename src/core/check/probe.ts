/** One HTTP request that proves something: GET, or POST of a form. */
export interface ProbeRequest {
  readonly url: string
  readonly form?: Readonly<Record<string, string>>
  /** The `Authorization` header. */
  readonly authorization?: string
}

/** An answer as it came; redirects are not followed. */
export interface ProbeAnswer {
  readonly status: number
  readonly location: string | undefined
  readonly contentType: string
  /** The first part of the body. */
  readonly body: string
}

/** Why there was no answer. `not_asked`: the time for all probes was up. */
export type FailureKind = 'timeout' | 'unresolved' | 'refused' | 'certificate' | 'broken' | 'not_asked'

/** No answer. `code` is Node's or OpenSSL's name for the reason. */
export interface ProbeFailure {
  readonly failure: FailureKind
  readonly code: string
}

export type ProbeOutcome = ProbeAnswer | ProbeFailure

/** Sends one request within a time limit. Keeps no cookies. Never throws. */
export type Probe = (request: ProbeRequest) => Promise<ProbeOutcome>

const failures: Readonly<Record<FailureKind, string>> = {
  timeout: 'no answer in time',
  unresolved: 'its name does not resolve',
  refused: 'the connection was refused',
  certificate: 'its certificate does not verify',
  broken: 'the connection broke',
  not_asked: 'not asked, the time was up',
}

/** A failure in words. */
export function failureText({ failure, code }: ProbeFailure): string {
  return code === '' ? failures[failure] : `${failures[failure]} (${code})`
}

/**
 * Why an outcome proves nothing about the configuration: no answer, a server's failure, too many requests, or a 403,
 * which a firewall in between may have sent. `undefined` when it can be read.
 */
export function unanswered(outcome: ProbeOutcome): string | undefined {
  if ('failure' in outcome) return failureText(outcome)
  const { status } = outcome
  if (status >= 500) return `${status}, a failure of the server`
  if (status === 429) return '429, too many requests'
  if (status === 403) return '403, perhaps a firewall in between'
  return undefined
}

/** Why nobody gives a usable answer. `slow`: perhaps one would have come. */
export type Absence = 'down' | 'slow'

/** Whether nobody answered, or only a server that fails. */
export function absenceOf(outcome: ProbeOutcome): Absence | undefined {
  if (!('failure' in outcome)) return outcome.status >= 500 ? 'down' : undefined
  return outcome.failure === 'timeout' || outcome.failure === 'not_asked' ? 'slow' : 'down'
}

/** Someone else's text, fit to be shown: on one line, printable, not long. */
export function shown(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 200)
}

/** A body as a JSON object; anything else is empty. */
export function jsonOf({ body }: ProbeAnswer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
