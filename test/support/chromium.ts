import { type Browser, chromium } from 'playwright-core'
import type { Test } from 'tap'
import { chromium as executable } from './binaries.ts'

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** The machine's Chromium, without a window, that calls nobody by itself. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: executable(), args })
}

/** As `launchChromium`. It ends with the test. */
export async function startChromium(t: Test): Promise<Browser> {
  const browser = await launchChromium()
  t.teardown(() => browser.close())
  return browser
}
