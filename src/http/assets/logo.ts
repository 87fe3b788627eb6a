import { textOn } from './colour.ts'

/** The built-in logo, an open gate on the accent colour. Also the icon in the browser's tab. */
export function gateLogo(accent: string): string {
  return [
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">',
    `<rect width="32" height="32" rx="8" fill="${accent}"/>`,
    `<g fill="none" stroke="${textOn(accent)}" stroke-width="2.5" stroke-linecap="round">`,
    '<path d="M8.5 24V15.5a7.5 7.5 0 0 1 15 0V24"/><path d="M13.5 24v-8M18.5 24v-8" opacity=".55"/></g></svg>',
  ].join('')
}
