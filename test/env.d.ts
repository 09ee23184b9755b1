import type { D1Migration } from "cloudflare:test";

declare global {
  namespace Cloudflare {
    interface Env {
      DIRECTORY_MIGRATIONS?: D1Migration[];
      REGIONAL_MIGRATIONS?: D1Migration[];
      APPLE_SIGN_IN_KEY?: string;
      GOOGLE_SIGN_IN_SECRET?: string;
      CALLS_SECRETS?: string;
      NOTIFICATION_CREDENTIALS?: string;
      NOTIFICATION_BASES?: string;
    }
  }
}
