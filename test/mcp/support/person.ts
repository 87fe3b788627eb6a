import type { Answer } from '../../support/browser.ts'
import { createBrowser } from '../../support/browser.ts'

/** Somebody with a browser whom clients send to the gateway. */
export type Person = ReturnType<typeof createPerson>

/** Gives a person who signs in at the local Cognito and allows what they are asked, or with `deny` refuses it. */
export function createPerson(username = 'ada') {
  const browser = createBrowser()

  /** Opens an authorization request. Gives the address at which its client is answered, and what had to be done. */
  async function answer(url: string, verdict: 'allow' | 'deny' = 'allow') {
    const redirect = new URL(url).searchParams.get('redirect_uri') ?? 'none'
    const isBack = (location: string) => location.startsWith(redirect)
    const steps: ('sign-in' | 'consent')[] = []
    let page = await browser.open(url, isBack)
    while (page.location === undefined && steps.length < 4) {
      const isSignIn = /name="password"/.test(page.body)
      steps.push(isSignIn ? 'sign-in' : 'consent')
      page = isSignIn
        ? await browser.submitSignIn(page, username, undefined, isBack)
        : await press(page, verdict, isBack)
    }
    if (page.location === undefined) throw new Error(`${page.url} leads nowhere: ${page.status} ${page.body}`)
    return { location: new URL(page.location, page.url), steps }
  }

  /** Presses a button of the consent page, as a browser does. */
  async function press(page: Answer, verdict: string, stop: (location: string) => boolean): Promise<Answer> {
    const action = /<form[^>]* action="([^"]*)"/.exec(page.body)?.[1]
    if (action === undefined) throw new Error(`${page.url} has no form: ${page.status} ${page.body}`)
    const button = new RegExp(`<button[^>]* name="([^"]*)"[^>]* value="(${verdict})"`).exec(page.body)
    const hidden = [...page.body.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)]
    const form = Object.fromEntries(
      [...hidden, ...(button ? [button] : [])].map(([, name = '', value = '']) => [name, unescaped(value)]),
    )
    const url = new URL(unescaped(action), page.url)
    const headers = { origin: url.origin, 'sec-fetch-site': 'same-origin' }
    const answer = await browser.load(url.href, { method: 'POST', form, headers })
    if (answer.location === undefined) return answer
    const next = new URL(answer.location, url).href
    return stop(next) ? answer : browser.open(next, stop)
  }

  return { browser, answer }
}

const unescaped = (text: string) =>
  text
    .replace(/&#(\d+);/g, (_, code) => String.fromCharCode(code))
    .replaceAll('&amp;', '&')
    .replaceAll('&quot;', '"')
