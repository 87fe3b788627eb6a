import type { FastifyReply, FastifyRequest } from 'fastify'

/** A hook for pages that are at `public_url` alone: providers send people back there, and there is one of each. */
export function atPublicUrl({ publicUrl }: { readonly publicUrl: string }) {
  return async function goToPublicUrl(request: FastifyRequest, reply: FastifyReply) {
    if (request.guarded.origin === publicUrl) return undefined
    const { path, search } = request.target
    return reply.follow({ location: publicUrl + path + search, cookies: [] })
  }
}
