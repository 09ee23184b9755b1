import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-pool-workers";
import { defineConfig } from "vitest/config";
import { testSecrets } from "./test/secrets.ts";

// The runtime's wrangler warns about fields it does not know yet and about secrets that the bindings below bring.
process.env["WRANGLER_LOG"] ??= "error";

/**
 * Three projects: pure code in Node (fast), objects and routes in workerd, journeys over real HTTP.
 * `isolate: false` keeps one runtime for all worker tests; every test mints fresh ids instead.
 */
export default defineConfig(async () => ({
  test: {
    silent: "passed-only" as const,
    projects: [
      {
        test: {
          name: "pure",
          include: ["shared/**/*.test.ts", "test/simulator/**/*.test.ts", "test/house/**/*.test.ts"],
          testTimeout: 30_000,
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              bindings: {
                ...testSecrets(),
                RESIDENCY: "off",
                ORIGIN: "http://meridian.test",
                CORS_ORIGINS: "https://app.meridian.test",
                LOCAL_HOSTS: "127.0.0.1",
                GOOGLE_HEALTH_BASE: "https://health.google.test",
                GOOGLE_AUTH_BASE: "https://accounts.google.test",
                GOOGLE_TOKEN_BASE: "https://oauth2.google.test",
                GOOGLE_KEYSET_URL: "https://static.google.test/keyset.json",
                DIRECTORY_MIGRATIONS: await readD1Migrations("./migrations/directory"),
                REGIONAL_MIGRATIONS: await readD1Migrations("./migrations/regional"),
              },
            },
          }),
        ],
        test: {
          name: "workers",
          include: ["{workers,durable-objects}/**/*.test.ts"],
          setupFiles: ["./test/setup.ts"],
          isolate: false,
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: "journeys",
          include: ["test/journeys/**/*.test.ts"],
          globalSetup: ["./test/journeys/build.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // They mostly wait, and each has ports and state of its own. They come last: starts must not compete with the other tests.
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
}));
