import t from 'tap'
import { lastingOf } from '../../../src/core/mcp/lasting.ts'

const of = (method: string, headers: Record<string, string> = {}) => lastingOf({ method, headers })
const version = (version: string) => ({ 'mcp-protocol-version': version })

t.test(
  'up to 2025-11-25 a message outlives its client; later, and in a revision that is not known, it does not',
  async (t) => {
    t.ok(of('POST').outlivesClient)
    for (const older of ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25']) {
      t.ok(of('POST', version(older)).outlivesClient, older)
    }
    for (const newer of ['2026-07-28', '2027-01-01', 'DRAFT-2026-v1', '', '2025-11-25, 2025-11-25']) {
      t.notOk(of('POST', version(newer)).outlivesClient, newer)
    }
    for (const method of ['GET', 'DELETE']) t.notOk(of(method).outlivesClient, method)
  },
)

t.test('GET and subscriptions/listen wait for what may come', async (t) => {
  t.ok(of('GET').listens)
  t.ok(of('POST', { 'mcp-method': 'subscriptions/listen' }).listens)
  t.notOk(of('POST', { 'mcp-method': 'tools/call' }).listens)
  t.notOk(of('POST').listens)
})
