/** Content of tools, resources and prompts. */
export const text = (words: string) => ({ type: 'text' as const, text: words })

/** One red pixel. */
export const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=='

export const image = { type: 'image' as const, data: pixel, mimeType: 'image/png' }

/** A WAV file without a sound. */
const silence = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA='

export const audio = { type: 'audio' as const, data: silence, mimeType: 'audio/wav' }

export const embeddedResource = (uri: string) => ({
  type: 'resource' as const,
  resource: { uri, mimeType: 'text/plain', text: 'This is an embedded resource content.' },
})
