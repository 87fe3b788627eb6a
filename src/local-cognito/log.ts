import { type Endpoint, endpoints } from './schema.ts'

/** One request. `status` is null until it is answered; `rule` names what refused it. No query, token or code. */
export interface LogEntry {
  readonly time: string
  readonly method: string
  readonly path: string
  readonly endpoint: Endpoint | null
  status: number | null
  client_id: string | null
  rule: string | null
}

/** What was asked of the look-alike, and why it said no: the real replies hide that. */
export interface Log {
  readonly begin: (method: string, path: string, endpoint: Endpoint | null) => LogEntry
  readonly finish: (entry: LogEntry, status: number | null, rule: string | null) => void
  readonly requests: () => readonly LogEntry[]
  readonly counts: () => Readonly<Record<Endpoint, number>>
  readonly clear: () => void
}

const kept = 10_000

/** An empty log that keeps the newest 10,000 requests; the counts go on. */
export function createLog(now: () => number, onRefusal: (entry: LogEntry) => void): Log {
  let entries: LogEntry[] = []
  let counts = noCounts()
  return {
    begin: (method, path, endpoint) => {
      const entry = {
        time: new Date(now()).toISOString(),
        method,
        path,
        endpoint,
        status: null,
        client_id: null,
        rule: null,
      }
      if (endpoint !== null) counts[endpoint] += 1
      if (entries.push(entry) > 2 * kept) entries = entries.slice(-kept)
      return entry
    },
    finish: (entry, status, rule) => {
      entry.status = status
      entry.rule = rule
      if (rule !== null) onRefusal(entry)
    },
    requests: () => entries.slice(-kept),
    counts: () => counts,
    clear: () => {
      entries = []
      counts = noCounts()
    },
  }
}

function noCounts(): Record<Endpoint, number> {
  return Object.fromEntries(endpoints.map((endpoint) => [endpoint, 0])) as Record<Endpoint, number>
}
