import type { D1Migration } from "cloudflare:test";

declare global {
  namespace Cloudflare {
    interface Env {
      DIRECTORY_MIGRATIONS?: D1Migration[];
      REGIONAL_MIGRATIONS?: D1Migration[];
    }
  }
}
