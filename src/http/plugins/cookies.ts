import cookie from '@fastify/cookie'
import fp from 'fastify-plugin'
import type { Redirection } from '../../core/departure.ts'
import type { CookieChange } from '../../core/sealed-cookies.ts'

declare module 'fastify' {
  interface FastifyReply {
    /** Sets and removes our cookies. */
    changeCookies: (changes: readonly CookieChange[]) => FastifyReply
    /** A 302 with its cookies. */
    follow: (redirection: Redirection) => FastifyReply
  }
}

/** Our cookies: for this host only, out of reach of scripts, sent along when a link leads here. */
export default fp<{ readonly secure: boolean }>(
  async function cookies(app, { secure }) {
    await app.register(cookie, { hook: false })
    app.addHook('onRequest', function parse(request, _reply, done) {
      const { cookie: header } = request.headers
      request.cookies = header === undefined ? {} : app.parseCookie(header)
      done()
    })
    app.decorateReply('changeCookies', function changeCookies(changes) {
      for (const { name, value, maxAgeSeconds } of changes) {
        this.setCookie(name, value, {
          path: '/',
          httpOnly: true,
          sameSite: 'lax',
          secure,
          maxAge: maxAgeSeconds,
        })
      }
      return this
    })
    app.decorateReply('follow', function follow({ location, cookies: changes }) {
      return this.changeCookies(changes).header('cache-control', 'no-store').redirect(location, 302)
    })
  },
  { name: 'cookies', fastify: '5.x' },
)
