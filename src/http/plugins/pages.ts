import { Readable } from 'node:stream'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyReply {
    /** Sends one of our pages. `formAction` is left out where a form's answer redirects to another origin. */
    page: (html: string, options?: PageOptions) => FastifyReply
    /** Sends one of our pages part by part, each as soon as it is there. */
    pageInParts: (parts: AsyncIterable<string>, options?: PageOptions) => FastifyReply
  }
}

interface PageOptions {
  readonly formAction?: boolean
}

/** Our files may come from `public_url` where another host was asked for. */
const contentSecurityPolicy = (publicUrl: string) =>
  [
    `default-src 'none'; style-src 'self' ${publicUrl}; img-src 'self' ${publicUrl} data:`,
    "script-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'",
  ].join('; ')

const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  // With `no-referrer` the browser would send `Origin: null` from our own forms.
  'referrer-policy': 'same-origin',
}

/** How our own pages go out: never stored, never framed, no code but ours. */
export default fp<{ readonly publicUrl: string }>(
  async function pages(app, { publicUrl }) {
    const ours = contentSecurityPolicy(publicUrl)
    const headersOf = ({ formAction = true }: PageOptions) => {
      // Chromium applies form-action to the redirects after a form, too.
      const policy = formAction ? `${ours}; form-action 'self'` : ours
      return { ...pageHeaders, 'content-security-policy': policy }
    }
    app.decorateReply('page', function page(html, options = {}) {
      return this.headers(headersOf(options)).send(html)
    })
    app.decorateReply('pageInParts', function pageInParts(parts, options = {}) {
      // What collects an answer before it passes it on would hold back what is there.
      return this.headers({ ...headersOf(options), 'x-accel-buffering': 'no' }).send(Readable.from(parts))
    })
  },
  { name: 'pages', fastify: '5.x' },
)
