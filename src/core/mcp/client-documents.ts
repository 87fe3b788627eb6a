import type { Client } from './client.ts'
import { membersOf, readClientMetadata } from './client-metadata.ts'
import type { ReadDocument } from './kept-documents.ts'
import { OAuthError } from './oauth-error.ts'

/**
 * The client whose metadata document lies at the address that its id is; `undefined` for an id that is none. Throws
 * `invalid_client` for a document that will not do, and as `ReadDocument`.
 */
export type FindByDocument = (id: string) => Promise<Client | undefined>

const maxIdLength = 500

/** Clients by their metadata documents (draft-ietf-oauth-client-id-metadata-document). */
export function createFindByDocument(read: ReadDocument): FindByDocument {
  return async function findByDocument(id) {
    if (!/^https:/i.test(id)) return undefined
    checkAddress(id)
    return clientOf(id, await read(id))
  }
}

/** Section 3. An address that a browser would write in another way is refused: ids are compared to the letter. */
function checkAddress(id: string): void {
  const url = URL.parse(id)
  if (id.length > maxIdLength) throw refusal(`client_id must have at most ${maxIdLength} characters`)
  if (url?.href !== id) throw refusal('client_id must be an https address in its plain form, without dot segments')
  if (id.includes('#')) throw refusal('client_id must not have a fragment')
  if (url.username !== '' || url.password !== '') throw refusal('client_id must not have a user name or password')
  if (url.pathname === '/') throw refusal('client_id must have a path')
}

/** Section 4: the document says whose it is, and shares no secret, for everybody reads it. */
function clientOf(id: string, document: unknown): Client {
  const members = membersOf(document)
  if (members?.client_id !== id) throw refusal('client_id in it must be the address that it lies at')
  const secret = Object.keys(members).find((name) => name.startsWith('client_secret'))
  if (secret !== undefined) throw refusal(`must not have ${secret}`)
  const { name, redirectUris, authentications: named, keys } = metadataOf(members)
  const authentications = named.filter((method) => method === 'none' || method === 'private_key_jwt')
  if (authentications[0] !== named[0]) throw refusal('token_endpoint_auth_method must be none or private_key_jwt')
  return { id, name: name ?? '', known: 'document', redirectUris, authentications, hasSecret: () => false, keys }
}

function metadataOf(members: unknown) {
  try {
    return readClientMetadata(members, 'none')
  } catch (error) {
    throw error instanceof OAuthError ? refusal(error.message) : error
  }
}

function refusal(message: string): OAuthError {
  return new OAuthError('invalid_client', `The metadata document of the client: ${message}.`)
}
