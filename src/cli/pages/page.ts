import { type Html, html } from '../../base/html.ts'
import { pageStyle } from './page-style.ts'

/** One self-contained page: no script, nothing fetched, light and dark. `style` is added to the shared one. */
export function page(parts: {
  readonly title: string
  readonly style: Html
  readonly header: Html
  readonly main: Html
  readonly footer: Html
}): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>${parts.title}</title>
<style>${pageStyle}${parts.style}</style>
</head>
<body>
<header>
${parts.header}
</header>
<main>
${parts.main}
</main>
<footer>${parts.footer}</footer>
</body>
</html>
`.toString()
}
