import type { GuardedRoute } from './route.ts'

/** The origin that a route is at: all hosts have the scheme of `public_url`. */
export function originOf({ host }: Pick<GuardedRoute, 'host'>, publicUrl: string): string {
  return `${new URL(publicUrl).protocol}//${host}`
}

/** The origins that the gateway answers at. */
export function originsOf(routes: readonly GuardedRoute[], publicUrl: string): readonly string[] {
  return [...new Set([publicUrl, ...routes.map((route) => originOf(route, publicUrl))])]
}
