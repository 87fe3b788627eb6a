import type { Client } from './client.ts'
import type { Registration } from './registration.ts'

/** The client of an id at an issuer; `undefined`, when there is none that we know. */
export type FindClient = (id: string, issuer: string) => Promise<Client | undefined>

interface ClientsOptions {
  readonly configured: readonly Client[]
  readonly registration: Pick<Registration, 'find'>
}

/** See `FindClient`: those of the config, and those that registered. */
export function createFindClient({ configured, registration }: ClientsOptions): FindClient {
  const byId = new Map(configured.map((client) => [client.id, client]))

  return async function findClient(id, issuer) {
    return byId.get(id) ?? registration.find(id, issuer)
  }
}
