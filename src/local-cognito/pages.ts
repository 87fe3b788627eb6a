/** Text that may stand in HTML, also in an attribute in double quotes. */
function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** The sign-in page; the form posts to the same query, so that the request it belongs to goes with it. */
export function signInPage(
  request: { readonly search: string; readonly query: URLSearchParams; readonly csrf: string },
  { username, message }: { readonly username: string; readonly message?: string },
): string {
  const alert = message === undefined ? '' : `<p class="alert" role="alert">${escaped(message)}</p>`
  return page(
    'Sign in',
    `<h1>Sign in</h1>
<p class="note">to continue to ${escaped(request.query.get('client_id') ?? '')}</p>
${alert}
<form method="post" action="/login?${escaped(request.search)}">
<input type="hidden" name="_csrf" value="${escaped(request.csrf)}">
<label for="username">Username</label>
<input id="username" name="username" value="${escaped(username)}" autocomplete="username" autocapitalize="none" spellcheck="false" required${username === '' ? ' autofocus' : ''}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${username === '' ? '' : ' autofocus'}>
<button>Sign in</button>
</form>`,
  )
}

/** Managed login without a branding style for the client. */
export function unavailablePage(): string {
  return page('Login pages unavailable', '<h1>Login pages unavailable. Please contact an administrator.</h1>')
}

/** The page behind every refusal that stays on the domain; an error in words is shown as a sentence. */
export function errorPage(error: string): string {
  const text = error.includes(' ') && !error.endsWith('.') ? `${error}.` : error
  return page(
    'Error',
    `<h1>An error was encountered with the requested page.</h1>\n<p class="note">${escaped(text)}</p>`,
  )
}

/** A request that fits no endpoint. */
export function notUnderstoodPage(status: number): string {
  return page(`Error ${status}`, `<h1>${status === 404 ? 'Not found' : 'Bad request'}</h1>`)
}

function page(title: string, main: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Local Cognito</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<main>
${main}
</main>
<footer>Local Cognito, a stand-in for Amazon Cognito</footer>
</body>
</html>
`
}

const style = `
:root{color-scheme:light dark;--ground:#eef1f5;--card:#fff;--line:#d3d9e2;--field:#8a94a3;--text:#16202c;--soft:#556070;--accent:#1659c7;--on-accent:#fff;--alert:#a3180d;--alert-ground:#fdeceb}
@media(prefers-color-scheme:dark){:root{--ground:#0f141b;--card:#18202a;--line:#2a3544;--field:#6d7b8e;--text:#e7ecf3;--soft:#a3aebd;--accent:#7fb0ff;--on-accent:#0b1a33;--alert:#ffb4ab;--alert-ground:#3a1a18}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:flex;flex-direction:column;align-items:center;justify-content:center;gap:1rem;padding:1.5rem 1rem;background:var(--ground);color:var(--text);font:16px/1.5 system-ui,sans-serif}
main{width:100%;max-width:25rem;padding:2rem;background:var(--card);border:1px solid var(--line);border-radius:12px;box-shadow:0 1px 2px rgb(0 0 0/.06),0 8px 24px rgb(0 0 0/.06)}
h1{margin:0;font-size:1.5rem;line-height:1.25;text-wrap:balance;overflow-wrap:anywhere}
.note{margin:.25rem 0 0;color:var(--soft);overflow-wrap:anywhere}
.alert{margin:1.25rem 0 0;padding:.625rem .75rem;border-radius:8px;background:var(--alert-ground);color:var(--alert)}
label{display:block;margin:1.25rem 0 .375rem;font-weight:600;font-size:.9375rem}
input{display:block;width:100%;min-height:44px;padding:.5rem .75rem;border:1px solid var(--field);border-radius:8px;background:transparent;color:inherit;font:inherit}
button{width:100%;min-height:44px;margin-top:1.75rem;border:0;border-radius:8px;background:var(--accent);color:var(--on-accent);font:inherit;font-weight:600;cursor:pointer}
button:hover{filter:brightness(1.08)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
input:focus-visible{outline-offset:0;border-color:transparent}
footer{color:var(--soft);font-size:.875rem}
`
