import { execFileSync } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { availableParallelism, freemem } from "node:os";
import { join } from "node:path";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-pool-workers";
import { defineConfig } from "vitest/config";
import { PROVIDERS, standInBases } from "./test/notifications/accounts.ts";
import { notificationSecret, testSecrets } from "./test/secrets.ts";

// The runtime's wrangler warns about fields it does not know yet and about secrets that the bindings below bring.
process.env["WRANGLER_LOG"] ??= "error";

// Databases of tests wait for a disk at every commit, and nobody needs them after a power cut: they lie in memory where there is enough.
if (process.env["TMPDIR"] === undefined && hasRoom("/dev/shm")) {
  const folder = mkdtempSync("/dev/shm/meridian-tests-");
  process.env["TMPDIR"] = folder;
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
}

/** Whether tests may keep some gigabytes in a folder that lies in memory. */
function hasRoom(folder: string): boolean {
  const NEEDED = 4e9;
  try {
    accessSync(folder, constants.W_OK);
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize >= NEEDED && freemem() >= 2 * NEEDED;
  } catch {
    return false;
  }
}

/** By default one processor is left free, which of two is half. Each worker has a runtime of its own, which takes seconds to start. */
const WORKERS = Math.min(4, availableParallelism());

/**
 * Property tests draw other cases with every commit, and the same ones whenever a commit is tested again: what failed for one reader fails
 * for all. `SEED` asks for others.
 */
const SEED = Number(process.env["SEED"] ?? seedOfCommit());

/** What gives the seed to those tests that draw. */
const ALIAS = [{ find: /^fast-check$/, replacement: join(import.meta.dirname, "test/fast-check.ts") }];

function seedOfCommit(): number {
  try {
    return Number.parseInt(
      execFileSync("git", ["rev-parse", "HEAD"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).slice(0, 7),
      16,
    );
  } catch {
    // A copy without its history.
    return 1;
  }
}

/**
 * Three projects: pure code in Node (fast), objects and routes in workerd, journeys over real HTTP.
 * `isolate: false` keeps one runtime for many worker tests; every test mints fresh ids instead.
 */
export default defineConfig(async () => ({
  test: {
    silent: "passed-only" as const,
    provide: { seed: SEED },
    // Alarms of objects outlive the tests that set them: when the last file of a runtime ends, one may be waking its object (which asks
    // for the main module) or writing a log line. Anything else that is pending then, a test's result above all, stays a fault.
    onUnhandledError: ({ name, message }: { name?: string; message: string }) =>
      !(name === "EnvironmentTeardownError" && /"(onUserConsoleLog|resolve|fetch)" was pending/.test(message)),
    projects: [
      {
        resolve: { alias: ALIAS },
        test: {
          name: "pure",
          maxWorkers: WORKERS,
          include: ["shared/**/*.test.ts", "test/simulator/**/*.test.ts", "test/house/**/*.test.ts"],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        resolve: { alias: ALIAS },
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              // Databases for tests that move and count everything in a region: see test/deployment.ts.
              d1Databases: { DRILL_DIRECTORY: "drill-directory", DRILL_EU: "drill-eu", DRILL_US: "drill-us", DRILL_AP: "drill-ap" },
              bindings: {
                ...testSecrets(),
                NOTIFICATION_CREDENTIALS: await notificationSecret(),
                NOTIFICATION_BASES: standInBases(PROVIDERS),
                RESIDENCY: "off",
                ORIGIN: "http://meridian.test",
                CORS_ORIGINS: "https://app.meridian.test",
                LOCAL_HOSTS: "127.0.0.1",
                APP_RETURNS: "test.meridian.app:/signed-in",
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
          maxWorkers: WORKERS,
          include: ["{workers,durable-objects}/**/*.test.ts"],
          setupFiles: ["./test/setup.ts"],
          isolate: false,
          testTimeout: 30_000,
          hookTimeout: 60_000,
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
          maxWorkers: 6,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
}));
