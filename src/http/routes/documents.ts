import type { FastifyPluginAsync } from 'fastify'
import { GatewayError } from '../../core/errors.ts'
import type { HttpSettings, Services } from '../services.ts'

type Options = Pick<Services, 'documents'> & Pick<HttpSettings, 'site'>

/** The documentation, for error pages to link to: what they explain may have to be read without the internet. */
export const documentRoutes: FastifyPluginAsync<Options> = async (app, { documents, site }) => {
  const pages = new Map<string, string>()

  app.get<{ Params: { name: string } }>('/docs/:name', async (request, reply) => {
    const { name } = request.params
    const names = await documents.names()
    if (!names.has(name)) throw new GatewayError('route_not_found')
    const page = pages.get(name) ?? (await pageOf(name, names))
    pages.set(name, page)
    return reply.page(page)
  })

  /** What reads Markdown is loaded with the first document that is asked for. */
  async function pageOf(name: string, names: ReadonlySet<string>): Promise<string> {
    const [markdown, { documentPage }] = await Promise.all([documents.read(name), import('../views/document.ts')])
    return documentPage(site, markdown, names)
  }
}
