/** Where a store's Redis is, as `store.url` says. Hosts without brackets; an empty text is none. */
export interface StoreAddress {
  /** One server, the primary that Sentinels name, or a Redis Cluster. */
  readonly form: 'single' | 'sentinel' | 'cluster'
  readonly tls: boolean
  readonly username: string
  readonly password: string
  /** The server; the Sentinels; or some nodes of the cluster. At least one. */
  readonly nodes: readonly StoreNode[]
  /** What Sentinels call the primary. */
  readonly name: string
  readonly database: number
}

export interface StoreNode {
  readonly host: string
  readonly port: number
}

/** All it takes to connect. */
export interface StoreConnection {
  /** A `store.url` other than `memory:`. */
  readonly url: string
  /** Certificates and keys as PEM. Absent: the authorities that Node trusts. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string }
  /** How to log in to the Sentinels, which have users of their own. Absent: not at all. */
  readonly sentinelLogin?: { readonly username: string; readonly password: string }
}

/** What can be wrong with a `store.url`, and what to do. In the order in which it is looked at. */
export const storeUrlFaults = {
  form: 'must be memory:, redis://HOST:PORT, redis+sentinel://HOST:PORT,HOST:PORT/NAME or redis+cluster://HOST:PORT,HOST:PORT; with TLS rediss',
  query: 'must not have a query (?) or a fragment (#); in a password write %3F and %23',
  login: 'has a % that encodes nothing in its user name or password; write %25 for it',
  hosts: 'must name each host as HOST or HOST:PORT, with commas between; in a password write %2F for /, %40 for @',
  several: 'has several hosts: for Sentinels use redis+sentinel://, for a Redis Cluster redis+cluster://',
  name: 'must end with the name that the Sentinels have for the primary: redis+sentinel://HOST:PORT/NAME, or /NAME/DATABASE',
  database: 'must end with a database number such as /0, or with nothing; a Redis Cluster has /0 only',
} as const

type StoreUrlFault = keyof typeof storeUrlFaults

const forms: Readonly<Record<string, StoreAddress['form']>> = {
  '': 'single',
  '+sentinel': 'sentinel',
  '+cluster': 'cluster',
}

/** Reads a `store.url` that is not `memory:`, or says what is wrong with it. */
export function readStoreUrl(url: string): StoreAddress | StoreUrlFault {
  const [, scheme, kind = '', authority, path = '', rest] =
    /^(rediss?)(\+\w+)?:\/\/([^/?#]*)\/?([^?#]*)(.*)$/.exec(url) ?? []
  const form = forms[kind]
  if (form === undefined || !authority) return 'form'
  if (rest !== '') return 'query'

  // The last @ ends user and password: a host has none.
  const loginEnd = authority.lastIndexOf('@')
  const [, user, secret] = /^([^:]*):?(.*)$/.exec(authority.slice(0, Math.max(loginEnd, 0))) ?? []
  const username = decoded(user)
  const password = decoded(secret)
  if (username === undefined || password === undefined) return 'login'

  const nodes = authority
    .slice(loginEnd + 1)
    .split(',')
    .map((text) => readNode(text, form === 'sentinel' ? 26_379 : 6_379))
  if (!nodes.every((node) => node !== undefined)) return 'hosts'
  if (form === 'single' && nodes.length > 1) return 'several'

  const [name = '', number = ''] = form === 'sentinel' ? path.split(/\/(.*)/s) : ['', path]
  if (form === 'sentinel' && !/^[\w.-]+$/.test(name)) return 'name'
  if (!(form === 'cluster' ? /^0?$/ : /^\d{0,5}$/).test(number)) return 'database'

  return { form, tls: scheme === 'rediss', username, password, nodes, name, database: Number(number) }
}

/** As `readStoreUrl`, for one that the config has been checked for. Throws TypeError, which says nothing of the address. */
export function storeAddress(url: string): StoreAddress {
  const address = readStoreUrl(url)
  if (typeof address === 'string') throw new TypeError(`store.url ${storeUrlFaults[address]}`)
  return address
}

/** The hosts, for people. */
export function addressText({ nodes }: Pick<StoreAddress, 'nodes'>): string {
  return nodes.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`).join(', ')
}

function decoded(text = ''): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function readNode(text: string, defaultPort: number): StoreNode | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/i.exec(text) ?? []
  const host = bracketed ?? plain
  const port = digits === undefined ? defaultPort : Number(digits)
  return host === undefined || port === 0 || port > 65_535 ? undefined : { host, port }
}
