import type { Audit } from '../ports.ts'
import type { Client, ClientAuthentication } from './client.ts'
import type { CheckAssertion } from './client-assertion.ts'
import { refusing } from './client-refusal.ts'
import type { FindClient } from './clients.ts'
import { OAuthError } from './oauth-error.ts'
import { parameter } from './parameters.ts'

/** A request of a client's own, not of a browser's. */
export interface ClientRequest {
  readonly issuer: string
  readonly authorization: string | undefined
  readonly form: URLSearchParams
}

/** What a request brings to prove whose it is. */
interface Proof {
  readonly clientId: string
  readonly method: ClientAuthentication
  /** A secret or an assertion; empty for nothing. */
  readonly value: string
}

/** The client that a request is of (RFC 6749 section 2.3). Throws OAuthError. */
export type AuthenticateClient = (request: ClientRequest) => Promise<Client>

/** See `AuthenticateClient`. */
export function createAuthenticateClient(
  findClient: FindClient,
  checkAssertion: CheckAssertion,
  audit: Audit,
): AuthenticateClient {
  return async function authenticateClient(request) {
    const proof = proofOf(request)
    return proven(proof, request.issuer).catch(refusing(audit, proof.clientId))
  }

  async function proven({ clientId, method, value }: Proof, issuer: string): Promise<Client> {
    const client = await findClient(clientId, issuer)
    // The client registers again then.
    if (client === undefined) throw refused('The client is not known here, or no longer.')
    if (!accepts(client, method)) {
      throw refused(`The client authenticates with ${client.authentications.join(' or ')}.`)
    }
    if (isSecret(method) && !client.hasSecret(value)) throw refused('The client secret is wrong.')
    if (method === 'private_key_jwt') await checkAssertion(value, client, issuer)
    return client
  }
}

/** How a secret comes makes no difference to what it proves. */
function accepts({ authentications }: Client, method: ClientAuthentication): boolean {
  return authentications.some((own) => own === method || (isSecret(own) && isSecret(method)))
}

function isSecret(method: ClientAuthentication): boolean {
  return method === 'client_secret_basic' || method === 'client_secret_post'
}

/** One proof, never two: they could be of different clients. */
function proofOf({ authorization, form }: ClientRequest): Proof {
  const clientId = parameter(form, 'client_id')
  const proofs = [basicProof(authorization), secretProof(form, clientId), assertionProof(form)].filter(
    (proof) => proof !== undefined,
  )
  const [proof = { clientId: clientId ?? '', method: 'none', value: '' } as const, ...more] = proofs
  if (more.length > 0) throw new OAuthError('invalid_request', 'The client authenticates in two ways.')
  if (proof.clientId === '') throw refused('client_id is missing.')
  if (clientId !== undefined && clientId !== proof.clientId)
    throw refused('client_id is not the one that authenticates.')
  return proof
}

/** RFC 6749 section 2.3.1: both halves are form-encoded before they are put together. */
function basicProof(authorization: string | undefined): Proof | undefined {
  const [, scheme, encoded = ''] = /^(\S+)(?: +(\S*))?$/.exec(authorization ?? '') ?? []
  if (scheme === undefined) return undefined
  const [, id, secret] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString()) ?? []
  if (scheme.toLowerCase() !== 'basic' || id === undefined || secret === undefined) {
    throw refused('Authorization is not of the scheme Basic.')
  }
  return { clientId: formDecoded(id), method: 'client_secret_basic', value: formDecoded(secret) }
}

function formDecoded(text: string): string {
  return new URLSearchParams(`=${text.replaceAll('&', '%26')}`).get('') ?? ''
}

function secretProof(form: URLSearchParams, clientId: string | undefined): Proof | undefined {
  const value = parameter(form, 'client_secret')
  return value === undefined ? undefined : { clientId: clientId ?? '', method: 'client_secret_post', value }
}

/** RFC 7523 section 2.2. Whom it names is looked at before it is verified, to find the keys; it is verified then. */
function assertionProof(form: URLSearchParams): Proof | undefined {
  const value = parameter(form, 'client_assertion')
  const type = parameter(form, 'client_assertion_type')
  if (value === undefined && type === undefined) return undefined
  if (type !== 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' || value === undefined) {
    throw new OAuthError('invalid_request', 'client_assertion_type must be that of a JWT')
  }
  return { clientId: subjectIn(value) ?? '', method: 'private_key_jwt', value }
}

function subjectIn(jwt: string): string | undefined {
  try {
    const { sub } = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())
    return typeof sub === 'string' ? sub : undefined
  } catch {
    return undefined
  }
}

function refused(message: string): OAuthError {
  return new OAuthError('invalid_client', message)
}
