/** The parameters of a query, raw or encoded, with or without the type before it. A plus sign is one: `+02:00` in a date. */
export function paramsOf(query: string): [string, string][] {
  return [...new URLSearchParams(query.replace(/^(?:[A-Z][A-Za-z]+)?\?/, "").replaceAll("+", "%2B"))];
}
