import type { GatewayErrorCode } from '../../core/errors.ts'

/** What an error page's sentences may name. Everything may be missing. */
export interface ErrorContext {
  /** Title of the tool. */
  readonly tool?: string | undefined
  /** What people call the sign-in provider. */
  readonly provider?: string | undefined
  /** The host that was asked for. */
  readonly host?: string | undefined
  /** After a refused sign-in: the set-up is wrong, or the person was turned away. */
  readonly refusal?: 'set_up' | 'denied' | undefined
  /** The largest body the tool takes, as text: "100 MB". */
  readonly limit?: string | undefined
}

export type Words = (context: ErrorContext) => string

/** Heading and sentence of a failure. */
interface ErrorWords {
  readonly heading: Words
  readonly message: Words
}

const tool: Words = (context) => context.tool ?? 'This tool'
const thisTool: Words = (context) => context.tool ?? 'this tool'
const provider: Words = (context) => context.provider ?? 'The sign-in service'

/** A form sent after its session had ended. */
export const notSentWords = {
  heading: () => 'You were signed out',
  message: (context) =>
    `This happened while you filled in a form, so what you entered did not reach ${thisTool(context)}. Sign in in a new tab, then come back here, go back one page and send it again.`,
} satisfies ErrorWords

/** By code of `docs/errors.md`. */
export const errorTexts = {
  sign_in_required: {
    heading: () => 'Sign in to continue',
    message: (context) => `${tool(context)} is only for people who are signed in.`,
  },
  session_ended: {
    heading: () => 'Your session has ended',
    message: (context) => `Sign in again to continue to ${thisTool(context)}.`,
  },
  token_required: {
    heading: (context) => `${tool(context)} is for programs`,
    message: () =>
      'It takes an access token with each request, so it does not open here. Give its address to the app that is to use it.',
  },
  invalid_token: {
    heading: () => 'This access token is no good here',
    message: () => 'It is over, or was made for something else. Get a new one, then send the request again.',
  },
  mcp_session_refused: {
    heading: () => 'This MCP session is of another user',
    message: () => 'Start a new session with your own token.',
  },
  access_denied: {
    heading: (context) => `You do not have access to ${thisTool(context)}`,
    message: () => 'You are signed in, but this account has no permission to open it.',
  },
  insufficient_scope: {
    heading: (context) => `${tool(context)} needs more permission`,
    message: (context) =>
      `${provider(context)} did not grant your account everything ${thisTool(context)} needs. Ask for it, or switch to another account.`,
  },
  connection_required: {
    heading: (context) => `Connect ${context.provider ?? 'an account'} first`,
    message: (context) =>
      `${tool(context)} works with your ${context.provider === undefined ? '' : `${context.provider} `}account. Connect it once; you can disconnect it at any time.`,
  },
  cross_site: {
    heading: () => 'This request came from another site',
    message: () =>
      'It was stopped, because another site could be acting in your name. If it was you, open the tool and do it there.',
  },
  bad_path: {
    heading: () => 'This address cannot be used',
    message: () => 'It has characters that can be read in two ways. Check the link, or start from the home page.',
  },
  bad_request: {
    heading: () => 'This request cannot be read',
    message: () => 'The link may be incomplete. Go back and try again, or start from the home page.',
  },
  route_not_found: {
    heading: () => 'No tool lives here',
    message: () => 'Check the address, or choose a tool from the home page.',
  },
  proxy_not_trusted: {
    heading: () => 'This address is for proxies',
    message: () => 'Only proxies that the gateway trusts may ask here.',
  },
  host_unknown: {
    heading: () => 'This address is not served here',
    message: (context) =>
      `${context.host === undefined ? 'Its host' : `“${context.host}”`} is not a name this gateway answers to. Check the address.`,
  },
  store_unavailable: {
    heading: (context) => `${tool(context)} is not available for a moment`,
    message: () => 'The place where sessions are kept does not answer. Who is signed in stays so.',
  },
  provider_unavailable: {
    heading: (context) => `${provider(context)} does not answer`,
    message: (context) =>
      `It is needed to let you in to ${thisTool(context)}. Who is signed in stays so, and nothing is lost.`,
  },
  provider_refused: {
    heading: () => 'You could not be signed in',
    message: (context) => {
      const whom = provider(context)
      if (context.refusal === 'set_up')
        return `Signing in with ${whom} is not set up right yet. Your account is fine; the owner has to change a setting.`
      if (context.refusal === 'denied')
        return `${whom} did not let you in, or you stopped there. Try again, or with another account.`
      return `${whom} ended the sign-in without letting you in. Try again.`
    },
  },
  upstream_unreachable: {
    heading: (context) => `${tool(context)} does not answer`,
    message: () => 'The tool seems to be down. You are still signed in; try again in a moment.',
  },
  upstream_timeout: {
    heading: (context) => `${tool(context)} took too long`,
    message: () =>
      'There was no answer in time. You are still signed in; look whether your change arrived before you send it again.',
  },
  upstream_certificate: {
    heading: (context) => `${tool(context)} cannot be trusted right now`,
    message: () => 'Its certificate is not valid, so nothing was sent to it. Its owner has to put this right.',
  },
  upstream_refused_token: {
    heading: (context) => `${tool(context)} did not accept your sign-in`,
    message: () =>
      'You are signed in, and even a new token was refused. Trying again will not help; its owner has to look at it.',
  },
  body_too_large: {
    heading: () => 'This is too large to send',
    message: (context) =>
      context.limit === undefined
        ? `${tool(context)} does not take that much at once. Send less.`
        : `${tool(context)} takes up to ${context.limit} at once. Send less.`,
  },
  attempt_unknown: {
    heading: () => 'This sign-in cannot be finished',
    message: () =>
      'It began in another browser, or some time ago, or this browser keeps no cookies. Start again; it takes a moment.',
  },
  link_expired: {
    heading: () => 'This link is over',
    message: () =>
      'It is good for ten minutes, or was not copied whole. Go back to your app and do there what led here: you get a new one.',
  },
  link_of_another: {
    heading: () => 'This link is not for you',
    message: (context) =>
      `It was made for another account here. If somebody sent it to you, close this page: nothing was connected. If it is yours, sign in as the person your app acts for, then connect ${context.provider ?? 'the account'}.`,
  },
  client_refused: {
    heading: () => 'This app cannot sign you in',
    message: () =>
      'It is not known here, or wants an answer at an address that is not its own. Try again in a minute; if it stays like this, remove the connection in the app and add it again.',
  },
  sign_in_loop: {
    heading: () => 'Signing in keeps going in a circle',
    message: (context) =>
      `You came back from signing in three times within a minute and ${thisTool(context)} still did not open, so this stopped. Allow cookies for this site, then try again.`,
  },
  rate_limited: {
    heading: () => 'Too many requests',
    message: () => 'Wait a minute, then try again.',
  },
  internal_error: {
    heading: () => 'The gateway has a fault',
    message: () => 'It is written down under the reference below. Try again; if it comes back, pass the reference on.',
  },
} satisfies Record<GatewayErrorCode, ErrorWords>

/** For a code that has no words yet. */
export const unknownError = {
  heading: () => 'This request cannot be completed',
  message: () => 'Try again; if it comes back, pass on the reference below.',
} satisfies ErrorWords

/** Heading and sentence of an error code. */
export function errorWords(code: string): ErrorWords {
  const known: Readonly<Record<string, ErrorWords>> = errorTexts
  return (Object.hasOwn(known, code) ? known[code] : undefined) ?? unknownError
}
