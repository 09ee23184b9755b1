/** A real browser for journeys. Without one a journey fails and says how to get one; it is never passed over. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Browser, chromium } from "playwright-core";

/** Where Linux systems put it. */
const INSTALLED = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/usr/bin/google-chrome-stable"];

export interface RunningBrowser {
  readonly browser: Browser;
  close(): Promise<void>;
}

/**
 * Starts Chromium without a window: the one that `CHROMIUM` names, else the system's, else the one that an npm package brings for Linux on
 * x86-64. Throws with advice where there is none that starts. `more` are switches for the browser.
 */
export async function startBrowser(more: readonly string[] = []): Promise<RunningBrowser> {
  const named = process.env["CHROMIUM"] ?? "";
  const installed = named === "" ? INSTALLED.find((path) => existsSync(path)) : named;
  const { path, libraries, folder } =
    installed === undefined ? await unpacked() : { path: installed, libraries: undefined, folder: undefined };
  const remove = () => folder !== undefined && rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  try {
    const browser = await chromium.launch({
      executablePath: path,
      // A container has no user namespaces for the sandbox; the only page is the test's own.
      args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", ...more],
      env: { ...process.env, ...(libraries === undefined ? {} : { LD_LIBRARY_PATH: libraries }) } as Record<string, string>,
    });
    return {
      browser,
      async close() {
        await browser.close();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw new Error(`This journey needs Chromium, and ${path} does not start. ${ADVICE}`, { cause: error });
  }
}

const ADVICE = 'Install one ("apt-get install chromium") or name it: CHROMIUM=/path/to/chromium npm test';

/** Unpacks the browser of the npm package into a folder of its own, with the libraries that a bare system lacks. */
async function unpacked(): Promise<{ readonly path: string; readonly libraries: string; readonly folder: string }> {
  if (process.platform !== "linux" || process.arch !== "x64") throw new Error(`This journey needs Chromium, and there is none. ${ADVICE}`);
  const folder = mkdtempSync(join(tmpdir(), "meridian-browser-"));
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = folder;
  try {
    const { inflate } = await import("@sparticuz/chromium");
    const bin = join(dirname(createRequire(import.meta.url).resolve("@sparticuz/chromium")), "..", "bin");
    const [path] = await Promise.all([inflate(join(bin, "chromium.br")), inflate(join(bin, "al2023.tar.br"))]);
    return { path, libraries: join(folder, "al2023", "lib"), folder };
  } finally {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
  }
}
