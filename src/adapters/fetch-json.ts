import { Agent, request } from 'undici'

/** An answer that is JSON, or is not: then `body` is undefined. */
export interface JsonAnswer {
  readonly status: number
  readonly body: unknown
}

const maxBytes = 1_000_000

/** Gets JSON, at most 1 MB of it. Follows no redirect, keeps no cookie, verifies certificates. Throws when there is no answer in time. */
export async function fetchJson(
  url: string,
  { headers = {}, timeoutMs }: { readonly headers?: Record<string, string>; readonly timeoutMs: number },
): Promise<JsonAnswer> {
  const { statusCode, body } = await request(url, {
    dispatcher: agent,
    // GitHub answers nobody who does not say who asks.
    headers: { accept: 'application/json', 'user-agent': 'toolgate', ...headers },
    signal: AbortSignal.timeout(timeoutMs),
  })
  const text = await body.text()
  return { status: statusCode, body: parsed(text) }
}

const agent = new Agent({ maxResponseSize: maxBytes })

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
