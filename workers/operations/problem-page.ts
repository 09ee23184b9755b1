import { type Language, problemTitle } from "../../shared/http/texts";
import { PROBLEMS, type ProblemCode } from "../../shared/problem";

/** The page runs nothing and loads its style from this origin alone. */
export const PROBLEM_PAGE_CSP = "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** Title and page of a problem. All texts come from the catalogue, none from the request. */
export function problemPage(code: ProblemCode, language: Language): { readonly title: string; readonly html: string } {
  const title = problemTitle(code, language);
  const [status] = PROBLEMS[code];
  const html = `<!doctype html>
<html lang="${language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title} · Meridian</title><link rel="stylesheet" href="/docs/page.css"></head>
<body class="plain"><main><p class="path">${status} · ${code}</p><h1>${title}</h1><p><a href="/docs">Meridian API</a></p></main></body>
</html>
`;
  return { title, html };
}
