import type { Words } from './error-words.ts'

/** Everything a person can read on our pages, to be translated; the words of errors are in `error-words.ts`. */
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

  browsers: {
    heading: 'Signed-in browsers',
    unknown: 'A browser',
    thisOne: 'This browser',
    signedInAt: 'Signed in',
    lastUsedAt: 'Last used',
    end: 'Sign out',
    more: (count: number) => `And ${count} more. Signing out everywhere ends them, too.`,
    everywhere: 'Sign out everywhere',
    everywhereMeans:
      'Signing out everywhere ends them all, this one too, and the access you gave to apps. Connected accounts stay connected.',
  },

  consent: {
    title: (client: string, tool: string) => `Allow ${client} to use ${tool}?`,
    unnamed: 'An app without a name',
    client: 'App',
    known: {
      configured: 'Known here',
      document: (host: string) => `From ${host}`,
      registered: 'Name not verified',
    },
    tool: 'Tool',
    user: 'As',
    nobody: 'You sign in next',
    mayDo: 'It may',
    use: (tool: string) => `Use ${tool} in your name`,
    account: (provider: string) => `Use your ${provider} account through it`,
    redirect: 'Answer goes to',
    thisMachine: 'An app on this device',
    onThisMachine: (kind: 'loopback' | 'private_use') =>
      kind === 'loopback'
        ? 'Any program on this device can ask under this name. Allow it only if you have just started this yourself.'
        : 'Whichever app on this device opens such addresses gets the answer. Allow it only if you have just started this yourself.',
    signInWith: 'Sign in with',
    allow: 'Allow',
    deny: 'Deny',
    takeBack: 'You can take this back at any time, under Connections.',
  },

  link: {
    title: (account: string, app: string | undefined) => `Connect ${account} for ${app || 'an app'}?`,
    titleAllow: (account: string, app: string | undefined) => `Let ${app || 'an app'} use your ${account} account?`,
    asks: (account: string, tool: string) => `What your app asked ${tool} to do needs your ${account} account.`,
    notYou: (app: string | undefined) =>
      `Go on only if you have just come from ${app || 'your app'}, and did not get this address from somebody else.`,
    done: (account: string) => `${account} is connected`,
    goBack: (app: string | undefined) => `You can go back to ${app || 'your app'} now, and close this page.`,
  },

  grants: {
    heading: 'Apps that act for you',
    tool: 'Uses',
    scopes: 'It may',
    redirect: 'Answers go to',
    since: 'Since',
    renewedAt: 'Last renewed',
    end: 'End access',
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
    report: 'Sign-in test report',
    listed: 'Steps',
    verdict: { passed: 'Sign-in test passed', failed: 'Sign-in test failed' },
    passed: 'People can sign in.',
    failed: (steps: readonly string[]) => `Look at ${words.connections.list(steps)}.`,
    status: { pending: 'Pending', passed: 'Passed', failed: 'Failed', skipped: 'Skipped' },
    steps: {
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
    cause: 'Cause',
    remedy: 'Remedy',
    paste: 'Paste',
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
}

/** Names of what can be done next. */
export type ActionName = keyof typeof words.actions

/** Names of the steps of a test sign-in. */
export type TestStepId = keyof typeof words.test.steps

/** The steps in their order. */
export const testStepIds = Object.keys(words.test.steps) as readonly TestStepId[]
