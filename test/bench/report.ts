import { readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { othersShare } from "./noise.ts";
import type { Row } from "./row.ts";

const REPORT = "docs/benchmarks.md";
const BEGIN = "<!-- measured: begin -->";
const END = "<!-- measured: end -->";

/** Prints rows as aligned text. */
export function printTable(rows: readonly Row[]): void {
  for (const row of rows) {
    const bare = row.bare === undefined ? "" : `   bare ${row.bare}   ratio ${row.ratio?.toFixed(2)}`;
    console.log(`${verdict(row).padEnd(6)} ${row.name}: ${row.ours}${bare}   target ${row.target}`);
  }
}

function verdict(row: Row): string {
  return row.pass === undefined ? "info" : row.pass ? "pass" : "short";
}

/** Replaces the measured part of the report; what people wrote around it stays. */
export function writeReport(rows: readonly Row[], options: { readonly quick: boolean }): void {
  const text = readFileSync(REPORT, "utf8");
  const [before, rest] = text.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`${REPORT} has lost its marks`);
  writeFileSync(REPORT, `${before}${BEGIN}\n\n${measured(rows, options)}\n${END}${after}`);
}

function measured(rows: readonly Row[], { quick }: { readonly quick: boolean }): string {
  const cpu = cpus();
  const memory = Math.round(totalmem() / 1024 ** 3);
  const lines = [
    `Measured ${new Date().toISOString().slice(0, 10)} on ${cpu.length} × ${cpu[0]?.model.trim() ?? "unknown"}, ${memory} GB, ${process.platform}; ` +
      `workerd ${version("node_modules/wrangler/node_modules/workerd", "node_modules/workerd")}, wrangler ${version("node_modules/wrangler")}, ` +
      `hono ${version("node_modules/hono")}, Node ${process.versions.node}${quick ? "; quick run" : ""}.`,
    "",
    "| work | ours | bare platform | ratio | target | |",
    "|---|---|---|---|---|---|",
    ...rows.map(
      (row) => `| ${row.name} | ${row.ours} | ${row.bare ?? "–"} | ${row.ratio?.toFixed(2) ?? "–"} | ${row.target} | ${verdict(row)} |`,
    ),
    "",
    `Medians, with the extremes in brackets. Other processes used ${Math.round(othersShare() * 100)} % of the machine meanwhile (median).`,
    "",
    ...rows.map((row) => `- *${row.name}*: ${row.how}.`),
    "",
  ];
  return lines.join("\n");
}

function version(...folders: readonly string[]): string {
  for (const folder of folders) {
    try {
      return (JSON.parse(readFileSync(`${folder}/package.json`, "utf8")) as { version: string }).version;
    } catch {
      // Installed elsewhere: the next place is asked.
    }
  }
  return "unknown";
}
