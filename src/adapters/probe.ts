import { Agent, request } from 'undici'
import type { Probe, ProbeAnswer, ProbeRequest } from '../core/check/probe.ts'
import { networkFailure } from './network-failure.ts'

const maxBodyBytes = 256 * 1024

interface ProbeOptions {
  /** How long one request may take, in milliseconds. */
  readonly timeoutMs: number
  /** Ends them all; what is asked afterwards fails with `not_asked`. */
  readonly signal: AbortSignal
}

/** Sends single requests: certificates are verified, redirects are not followed, cookies are not kept. */
export function createProbe({ timeoutMs, signal }: ProbeOptions): {
  readonly probe: Probe
  readonly close: () => Promise<void>
} {
  const agent = new Agent({ connect: { timeout: timeoutMs } })
  return {
    probe: async (asked) => {
      try {
        signal.throwIfAborted()
        return await send(asked, agent, AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]))
      } catch (error) {
        return signal.aborted ? { failure: 'not_asked', code: '' } : networkFailure(error)
      }
    },
    close: () => agent.destroy(),
  }
}

async function send({ url, form, authorization }: ProbeRequest, agent: Agent, signal: AbortSignal) {
  const { statusCode, headers, body } = await request(url, {
    dispatcher: agent,
    signal,
    method: form === undefined ? 'GET' : 'POST',
    headers: {
      'user-agent': 'toolgate check',
      accept: 'text/html, application/json',
      ...(form && { 'content-type': 'application/x-www-form-urlencoded' }),
      ...(authorization && { authorization }),
    },
    body: form === undefined ? null : new URLSearchParams(form).toString(),
  })
  const answer: ProbeAnswer = {
    status: statusCode,
    location: single(headers.location),
    contentType: single(headers['content-type']) ?? '',
    body: await beginning(body),
  }
  return answer
}

const single = (value: string | string[] | undefined) => (typeof value === 'string' ? value : undefined)

async function beginning(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    length += chunk.length
    if (length >= maxBodyBytes) break
  }
  return Buffer.concat(chunks).subarray(0, maxBodyBytes).toString()
}
