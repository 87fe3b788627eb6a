import { type Dispatcher, request } from 'undici'

/** What comes back. */
export interface Answer {
  readonly url: string
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly location: string | undefined
  readonly body: string
}

export interface Sending {
  readonly method?: 'GET' | 'POST' | 'HEAD' | 'PUT' | 'DELETE' | 'OPTIONS'
  readonly headers?: Record<string, string>
  readonly form?: Record<string, string>
  /** Sent as it is in place of the URL's path and query, which are read by WHATWG rules. */
  readonly path?: string
}

/** How a browser asks for a page. */
const navigation = {
  accept: 'text/html,application/xhtml+xml',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
}

interface Cookie {
  readonly name: string
  readonly value: string
}

/**
 * A browser without a window: it keeps cookies by host name and follows no redirect by itself. `through` says which
 * connection an address is asked for on.
 */
export function createBrowser(through: (url: string) => Dispatcher | undefined = () => undefined) {
  const jar = new Map<string, Map<string, Cookie>>()

  function cookiesOf(url: string): Map<string, Cookie> {
    const { hostname } = new URL(url)
    const cookies = jar.get(hostname) ?? new Map<string, Cookie>()
    jar.set(hostname, cookies)
    return cookies
  }

  function cookieHeader(url: string): string {
    return [...cookiesOf(url).values()].map(({ name, value }) => `${name}=${value}`).join('; ')
  }

  // Not `fetch`: it writes Sec-Fetch-Mode itself.
  async function send(url: string, { method = 'GET', headers = {}, form, path }: Sending = {}): Promise<Answer> {
    const cookies = cookiesOf(url)
    const cookie = cookieHeader(url)
    const type = form && { 'content-type': 'application/x-www-form-urlencoded' }
    const dispatcher = through(url)
    const response = await request(url, {
      ...(dispatcher && { dispatcher }),
      method,
      ...(path !== undefined && { path }),
      headers: { ...(cookie && { cookie }), ...type, ...headers },
      ...(form && { body: new URLSearchParams(form).toString() }),
    })
    for (const line of [response.headers['set-cookie'] ?? []].flat()) {
      const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
      // As browsers do.
      if (pair.length > 4096) continue
      const at = pair.indexOf('=')
      const name = pair.slice(0, at)
      const gone = attributes.some((attribute) => /^max-age=0$/i.test(attribute))
      if (gone) cookies.delete(name)
      else cookies.set(name, { name, value: pair.slice(at + 1) })
    }
    const location = response.headers.location as string | undefined
    return { url, status: response.statusCode, headers: response.headers, location, body: await response.body.text() }
  }

  /** One page load, without following where it leads. */
  const load = (url: string, sending: Sending = {}) =>
    send(url, { ...sending, headers: { ...navigation, ...sending.headers } })

  /** Loads a page and follows redirects until there is none, or until `stop` says so. */
  async function open(url: string, stop: (location: string) => boolean = () => false): Promise<Answer> {
    let at = url
    for (let hops = 0; hops < 20; hops++) {
      const response = await load(at)
      if (response.location === undefined) return response
      at = new URL(response.location, at).href
      if (stop(at)) return response
    }
    throw new Error(`too many redirects, last to ${at}`)
  }

  /** Fills in the sign-in page that `page` is and goes on to where it leads, or until `stop` says so. */
  async function submitSignIn(
    page: Answer,
    username: string,
    password = 'Passw0rd!',
    stop?: (location: string) => boolean,
  ): Promise<Answer> {
    const response = await sendForm(page, username, password)
    return response.location === undefined ? response : open(new URL(response.location, page.url).href, stop)
  }

  function sendForm(page: Answer, username: string, password: string): Promise<Answer> {
    const csrf = /name="_csrf" value="([^"]*)"/.exec(page.body)?.[1] ?? ''
    return load(page.url, { method: 'POST', form: { _csrf: csrf, username, password } })
  }

  /** Opens a protected address and signs in, but stops short of the callback, whose address it gives. */
  async function callbackOf(url: string, username = 'ada'): Promise<string> {
    const page = await open(url, (location) => /[?&]code=/.test(location))
    const { location } = page.location === undefined ? await sendForm(page, username, 'Passw0rd!') : page
    if (location === undefined) throw new Error(`no callback from ${page.url}`)
    return location
  }

  return {
    send,
    load,
    open,
    submitSignIn,
    cookies: cookiesOf,
    callbackOf,
    /** What it sends as `Cookie` to this address. */
    cookieHeader,
    /** Opens a protected address and signs in on the way. Gives the final answer. */
    signIn: async (url: string, username = 'ada') => submitSignIn(await open(url), username),
  }
}
