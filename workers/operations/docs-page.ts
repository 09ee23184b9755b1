import { DOCS_SCRIPT } from "./docs-script";
import { DOCS_STYLE } from "./docs-style";

export { DOCS_SCRIPT, DOCS_STYLE };

/** Script, style and the document itself come from this origin; nothing else may load, run or frame the page. */
export const DOCS_CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** The frame that the script fills from `/openapi.json`. */
export const DOCS_PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Meridian API</title>
<link rel="stylesheet" href="/docs/page.css">
<script src="/docs/page.js" defer></script>
</head>
<body>
<header><a class="brand" href="/docs">Meridian <span>API</span></a><input id="filter" type="search" placeholder="Filter by path or word" aria-label="Filter operations"><a class="raw" href="/openapi.json">openapi.json</a></header>
<div class="columns"><nav id="index" aria-label="Operations"></nav><main id="content"><p class="loading">Loading the document…</p></main></div>
<noscript><p class="loading">This page reads <a href="/openapi.json">openapi.json</a> with a script.</p></noscript>
</body>
</html>
`;
