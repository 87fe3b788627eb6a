const families: readonly (readonly [sign: RegExp, name: string])[] = [
  [/\bEdg(A|iOS|e)?\//, 'Edge'],
  [/\b(OPR|OPT|Opera)\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\b(Chrome|CriOS|Chromium|HeadlessChrome)\//, 'Chrome'],
  [/\bVersion\/[\d.]+.* Safari\//, 'Safari'],
]

const systems: readonly (readonly [sign: RegExp, name: string])[] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
]

/** What people call a browser, by its `User-Agent`: `Firefox on Linux`. Never a text of the client's own. */
export function browserName(userAgent: string | undefined): string | undefined {
  const named = (names: typeof families) => names.find(([sign]) => sign.test(userAgent ?? ''))?.[1]
  const [family, system] = [named(families), named(systems)]
  return family !== undefined && system !== undefined ? `${family} on ${system}` : family
}
