import type { Client } from './client.ts'
import type { FindByDocument } from './client-documents.ts'
import type { Registration } from './registration.ts'

/** The client of an id at an issuer; `undefined`, when there is none that we know. Throws as `FindByDocument`. */
export type FindClient = (id: string, issuer: string) => Promise<Client | undefined>

interface ClientsOptions {
  readonly configured: readonly Client[]
  readonly findByDocument: FindByDocument
  readonly registration: Pick<Registration, 'find'>
}

/** See `FindClient`: those of the config, those with a metadata document, and those that registered. */
export function createFindClient({ configured, findByDocument, registration }: ClientsOptions): FindClient {
  const byId = new Map(configured.map((client) => [client.id, client]))

  return async function findClient(id, issuer) {
    return byId.get(id) ?? (await findByDocument(id)) ?? registration.find(id, issuer)
  }
}
