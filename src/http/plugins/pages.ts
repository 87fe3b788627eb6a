import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyReply {
    /** Sends one of our pages. `formAction` is left out where a form's answer redirects to another origin. */
    page: (html: string, options?: { readonly formAction?: boolean }) => FastifyReply
  }
}

const contentSecurityPolicy =
  "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"

const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  // With `no-referrer` the browser would send `Origin: null` from our own forms.
  'referrer-policy': 'same-origin',
}

/** How our own pages go out: never stored, never framed, no code but ours. */
export default fp(
  async function pages(app) {
    app.decorateReply('page', function page(html, { formAction = true } = {}) {
      // Chromium applies form-action to the redirects after a form, too.
      const policy = formAction ? `${contentSecurityPolicy}; form-action 'self'` : contentSecurityPolicy
      return this.headers({ ...pageHeaders, 'content-security-policy': policy }).send(html)
    })
  },
  { name: 'pages', fastify: '5.x' },
)
