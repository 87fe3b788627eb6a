import type { Client } from './client.ts'
import type { Registration } from './registration.ts'

/**
 * The client of an id at an issuer; `undefined`, when there is none that we know, or can get to know: a document that
 * cannot be had is no client.
 */
export type FindClient = (id: string, issuer: string) => Promise<Client | undefined>

interface ClientsOptions {
  readonly configured: readonly Client[]
  readonly registration: Pick<Registration, 'find'>
  readonly findDocument: (id: string) => Promise<Client | undefined>
}

/** See `FindClient`: those of the config, those with a document at their id, and those that registered. */
export function createFindClient({ configured, registration, findDocument }: ClientsOptions): FindClient {
  const byId = new Map(configured.map((client) => [client.id, client]))

  return async function findClient(id, issuer) {
    const known = byId.get(id) ?? registration.find(id, issuer)
    return known ?? (id.startsWith('https://') ? findDocument(id) : undefined)
  }
}
