/** Where a browser may be sent back to, with something that only its client can use. */
export interface ReturnEnv {
  /** Origins of web clients, separated by spaces. */
  readonly CORS_ORIGINS: string;
  /** Whole addresses of apps without their query, such as `com.example.app:/signed-in`, separated by spaces. */
  readonly APP_RETURNS: string;
}

/** Schemes that a browser runs or opens itself: no list makes one of them the address of an app. */
const NEVER = new Set(["http:", "https:", "javascript:", "data:", "blob:", "file:", "about:", "vbscript:"]);

/** Whether an address is a page of an allowed web client, or one of the allowed apps. Credentials and fragments are never. */
export function isAllowedReturn(env: ReturnEnv, text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  if (url.username !== "" || url.password !== "" || text.includes("#")) return false;
  if (url.protocol === "https:" || url.protocol === "http:") return wordsOf(env.CORS_ORIGINS).includes(url.origin);
  return !NEVER.has(url.protocol) && wordsOf(env.APP_RETURNS).includes(text.split("?")[0] ?? "");
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
