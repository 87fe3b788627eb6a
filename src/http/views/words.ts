import type { GatewayErrorCode } from '../../core/errors.ts'

/** What an error page's sentences may name. Everything may be missing. */
export interface ErrorContext {
  /** Title of the tool. */
  readonly tool?: string | undefined
  /** What people call the sign-in provider. */
  readonly provider?: string | undefined
  /** The host that was asked for. */
  readonly host?: string | undefined
  /** The largest body the tool takes, as text: "100 MB". */
  readonly limit?: string | undefined
}

type Words = (context: ErrorContext) => string

interface ErrorWords {
  readonly heading: Words
  readonly message: Words
}

const tool: Words = (context) => context.tool ?? 'This tool'
const thisTool: Words = (context) => context.tool ?? 'this tool'
const provider: Words = (context) => context.provider ?? 'The sign-in service'

/** Everything a person can read on our pages, in one place to be translated. */
export const words = {
  language: 'en',

  layout: {
    reference: 'Reference',
    /** To the second, in UTC: the time an owner looks for in the log. */
    time: (time: Date) => `${time.toISOString().slice(0, 19).replace('T', ' ')} UTC`,
  },

  account: {
    label: 'Account',
    signIn: 'Sign in',
    signOut: 'Sign out',
    connections: 'Connections',
  },

  home: {
    title: 'Tools',
    signedOut: 'Sign in to open the tools that are yours.',
    nothingOpen: 'No tool is open to this account yet.',
    state: {
      open: 'Open',
      denied: 'No access',
      sign_in: 'Sign in first',
      connect: (service: string | undefined) => (service === undefined ? 'Connect first' : `Connect ${service} first`),
    },
  },

  signIn: {
    title: 'Sign in',
    landing: (tool: string) => `You go on to ${tool} afterwards.`,
    with: (provider: string) => `Continue with ${provider}`,
    lastUsed: 'Last used',
    none: 'There is no way to sign in here yet. The owner has to add a provider.',
  },

  signOut: {
    title: 'Sign out',
    as: (user: string) => `You are signed in as ${user}.`,
    here: 'Sign out of this browser',
    everywhere: 'Sign out everywhere',
    everywhereMeans:
      'Signing out everywhere also ends your sessions in other browsers and the access you gave to apps. Connected accounts stay connected.',
    stay: 'Stay signed in',
  },

  signedOut: {
    title: 'You are signed out',
    ended: 'Ended',
    kept: 'Not ended',
    thisBrowser: 'Your session in this browser',
    everyBrowser: 'Your sessions in every browser',
    apps: 'The access of apps you allowed',
    provider: (provider: string) => `Your session at ${provider}`,
    otherBrowsers: 'Your sessions in other browsers, and apps you allowed',
    connections: 'The accounts you connected',
    outside: (provider: string) => `Your session with a company or social account, if ${provider} sent you to one`,
    shared: 'On a shared computer, sign out there too.',
    again: 'Sign in again',
  },

  connections: {
    title: 'Connections',
    intro: 'Accounts that your tools use in your name. Tools never see your passwords.',
    accounts: 'Accounts',
    none: 'There is no account to connect here yet.',
    back: (tool: string) => `Back to ${tool}`,
    role: { sign_in: 'You sign in with it', connection: 'Tools use it in your name' },
    state: { connected: 'Connected', not_connected: 'Not connected', ended: 'Ended' },
    account: 'Account',
    scopes: 'Allows',
    neededBy: 'Needed by',
    validUntil: 'Valid until',
    refreshedAt: 'Last refresh',
    lastError: 'Last error',
    list: (names: readonly string[]) => new Intl.ListFormat('en').format(names),
    connect: 'Connect',
    connectAgain: 'Connect again',
    refresh: 'Refresh now',
    disconnect: 'Disconnect',
    disconnectNow: 'Disconnect now',
    disconnectMeans: (tools: readonly string[]) =>
      tools.length === 0
        ? 'No tool needs it at the moment. You can connect it again at any time.'
        : `${words.connections.list(tools)} will not work for you until you connect it again.`,
  },

  /** What a scope allows. */
  scopes: {
    openid: 'Know who you are',
    profile: 'See your name and picture',
    email: 'See your e-mail address',
    phone: 'See your phone number',
    address: 'See your postal address',
    offline_access: 'Stay connected while you are away',
  },

  test: {
    title: 'Test sign-in',
    intro: 'A real sign-in, step by step. Where a step fails, it says why and what to change.',
    provider: 'Sign in with',
    route: 'Then call',
    noRoute: 'No tool',
    start: 'Start the test',
    again: 'Test again',
    listed: 'Steps',
    verdict: { passed: 'Sign-in test passed', failed: 'Sign-in test failed' },
    passed: 'People can sign in.',
    failed: (steps: readonly string[]) =>
      steps.length === 0 ? 'It did not come to its end.' : `Look at ${words.connections.list(steps)}.`,
    status: { pending: 'Pending', passed: 'Passed', failed: 'Failed', skipped: 'Skipped' },
    steps: {
      configuration: { title: 'Configuration', asks: 'Is everything there that a sign-in needs?' },
      authorize: { title: 'Authorize', asks: 'Does the provider accept the request and show its sign-in page?' },
      callback: { title: 'Callback', asks: 'Does the browser come back here with a code?' },
      code_exchange: { title: 'Code exchange', asks: 'Does the provider give tokens for the code?' },
      id_token: { title: 'ID token', asks: 'Are its signature, issuer, audience and times right?' },
      user_info: { title: 'User info', asks: 'Does it answer, and name the same user?' },
      scopes: { title: 'Scopes', asks: 'Was everything granted that was asked for?' },
      refresh: { title: 'Refresh', asks: 'Does the refresh token bring a new access token?' },
      call: { title: 'Call', asks: 'Does the tool accept the access token?' },
    },
    copy: { label: 'Copy report', done: 'Copied', asText: 'Report as text' },
  },

  error: {
    signedInAs: 'Signed in as',
    missing: 'Not granted',
    askForAccess: 'Ask for access',
    help: 'Help',
    since: 'Since',
    retry: (seconds: number) =>
      `This page tries again by itself ${seconds === 1 ? 'in a second' : `in ${seconds} seconds`}.`,
    details: 'Details for the owner',
    providerError: 'Error',
    providerDescription: 'Description',
    remedy: 'Remedy',
    where: 'Where',
    docs: 'Documentation',
    test: 'Find out more',
    startTest: 'Test sign-in, step by step',
  },

  /** What can be done next; the label of a button. */
  actions: {
    sign_in: () => 'Sign in',
    sign_in_again: () => 'Sign in again',
    sign_in_new_tab: () => 'Sign in in a new tab',
    start_again: () => 'Start again',
    try_again: () => 'Try again',
    switch_account: () => 'Switch account',
    connect: (context) => (context.provider === undefined ? 'Connect' : `Connect ${context.provider}`),
    open_tool: (context) => (context.tool === undefined ? 'Go on' : `Open ${context.tool}`),
    home: () => 'Home page',
  } satisfies Record<string, Words>,

  /** A form sent after its session had ended. */
  notSent: {
    heading: () => 'You were signed out',
    message: (context) =>
      `This happened while you filled in a form, so what you entered did not reach ${thisTool(context)}. Sign in in a new tab, then come back here, go back one page and send it again.`,
  } satisfies ErrorWords,

  /** By code of `docs/errors.md`. */
  errors: {
    sign_in_required: {
      heading: () => 'Sign in to continue',
      message: (context) => `${tool(context)} is only for people who are signed in.`,
    },
    session_ended: {
      heading: () => 'Your session has ended',
      message: (context) => `Sign in again to continue to ${thisTool(context)}.`,
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
    host_unknown: {
      heading: () => 'This address is not served here',
      message: (context) =>
        `${context.host === undefined ? 'Its host' : `“${context.host}”`} is not a name this gateway answers to. Check the address.`,
    },
    store_unavailable: {
      heading: (context) => `${tool(context)} is not available for a moment`,
      message: () => 'The place where sessions are kept does not answer. Your session is safe and you stay signed in.',
    },
    provider_unavailable: {
      heading: (context) => `${provider(context)} does not answer`,
      message: (context) =>
        `It is needed to let you in to ${thisTool(context)}. Your session is safe and nothing of yours is lost.`,
    },
    provider_refused: {
      heading: () => 'You could not be signed in',
      message: (context) => `${provider(context)} ended the sign-in without letting you in. Try again.`,
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
      message: () => 'It began in another browser, or more than ten minutes ago. Start again; it takes a moment.',
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
      message: () =>
        'It is written down under the reference below. Try again; if it comes back, pass the reference on.',
    },
  } satisfies Record<GatewayErrorCode, ErrorWords>,

  /** For a code that has no words yet. */
  unknownError: {
    heading: () => 'This request cannot be completed',
    message: () => 'Try again; if it comes back, pass on the reference below.',
  } satisfies ErrorWords,
}

/** Heading and sentence of an error code. */
export function errorWords(code: string): ErrorWords {
  const known: Readonly<Record<string, ErrorWords>> = words.errors
  return (Object.hasOwn(known, code) ? known[code] : undefined) ?? words.unknownError
}

/** Names of what can be done next. */
export type ActionName = keyof typeof words.actions

/** Names of the steps of a test sign-in. */
export type TestStepId = keyof typeof words.test.steps

/** The steps in their order. */
export const testStepIds = Object.keys(words.test.steps) as readonly TestStepId[]
