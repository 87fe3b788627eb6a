import type { State } from './state.ts'
import { callbackError, type Destination } from './to-client.ts'

/**
 * The `resource` to bind the access token to (RFC 8707): one, on managed login only, and custom scopes must belong
 * to it. That it is registered is not asked here but when the code is redeemed.
 */
export function checkResource(
  state: State,
  query: URLSearchParams,
  scopes: readonly string[],
  destination: Destination,
): string | undefined {
  const [resource, ...more] = state.pool.managed_login === 2 ? query.getAll('resource') : []
  if (!resource) return undefined
  if (more.length > 0) throw callbackError('resource_more_than_one', destination)
  if (!isResourceUrl(resource)) throw callbackError('resource_malformed', destination)
  if (scopes.some((scope) => scope.includes('/') && scope.slice(0, scope.lastIndexOf('/')) !== resource)) {
    const description = 'custom scopes requested for resource-binding must be assigned to the resource being requested'
    throw callbackError('scope_of_another_resource', destination, description)
  }
  return resource
}

/** `https://`, `http://localhost`, or a custom scheme. */
function isResourceUrl(resource: string): boolean {
  if (!URL.canParse(resource)) return false
  const { protocol, hostname } = new URL(resource)
  return protocol !== 'http:' || hostname === 'localhost'
}

/** Whether it is a registered resource server, path included. */
export function isRegistered(state: State, resource: string): boolean {
  return state.pool.resource_servers.some(({ identifier }) => identifier === resource)
}
