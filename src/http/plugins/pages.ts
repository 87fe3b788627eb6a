import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyReply {
    /** Sends one of our pages. `formAction` is left out where a form's answer redirects to another origin. */
    page: (html: string, options?: { readonly formAction?: boolean }) => FastifyReply
  }
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
    app.decorateReply('page', function page(html, { formAction = true } = {}) {
      // Chromium applies form-action to the redirects after a form, too.
      const policy = formAction ? `${ours}; form-action 'self'` : ours
      return this.headers({ ...pageHeaders, 'content-security-policy': policy }).send(html)
    })
  },
  { name: 'pages', fastify: '5.x' },
)
