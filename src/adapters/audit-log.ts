import { AsyncLocalStorage } from 'node:async_hooks'
import { appendFileSync } from 'node:fs'
import type { FastifyBaseLogger } from 'fastify'
import type { Asker, Audit } from '../core/ports.ts'

/** Where audit events go: to the log's own output, nowhere, or to a file, by its path. */
type Target = 'stdout' | 'off' | (string & {})

/** Audit events as JSON lines, whatever level the log has, each with the request in whose course it happened. */
export function createAuditLog(target: Target, logger: FastifyBaseLogger) {
  const write = writerTo(target, logger)
  const requests = new AsyncLocalStorage<Readonly<Record<string, string>>>()
  const audit: Audit = (event, facts) => write({ audit: event, ...facts, ...requests.getStore() })

  /** Runs this in the course of a request: so is all that it begins, however much later. */
  function during<Result>({ requestId, clientAddress }: Asker, run: () => Result): Result {
    return requests.run({ request_id: requestId, client_address: clientAddress }, run)
  }

  return { audit, during, clientAddress: () => requests.getStore()?.client_address ?? '' }
}

type Line = Readonly<Record<string, string | undefined>> & { readonly audit: string }

function writerTo(target: Target, logger: FastifyBaseLogger): (line: Line) => void {
  if (target === 'off') return () => undefined
  if (target === 'stdout') {
    const log = logger.child({}, { level: 'info' })
    return (line) => log.info(line, line.audit)
  }
  return (line) => {
    try {
      // Opened each time, and so found again after it was rotated; events are rare.
      appendFileSync(target, `${JSON.stringify({ time: Date.now(), ...line })}\n`, { mode: 0o600 })
    } catch (error) {
      logger.error({ ...line, err: error }, 'an audit event could not be written to its file')
    }
  }
}
