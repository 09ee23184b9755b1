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

/** Puts rows into the measured part of the report, in place of those of the same name; the others stay, and what people wrote around it. */
export function writeReport(rows: readonly Row[], options: { readonly quick: boolean }): void {
  const text = readFileSync(REPORT, "utf8");
  const [before, rest] = text.split(BEGIN);
  const [measuredBefore, after] = rest?.split(END) ?? [];
  if (before === undefined || measuredBefore === undefined || after === undefined) throw new Error(`${REPORT} has lost its marks`);
  writeFileSync(REPORT, `${before}${BEGIN}\n\n${measured(rows, measuredBefore, options)}\n${END}${after}`);
}

/** The lines of a report about each row, by its name. */
interface Lines {
  readonly table: Map<string, string>;
  readonly how: Map<string, string>;
}

/** Reads what `measured` wrote. */
function linesOf(text: string): Lines {
  const lines: Lines = { table: new Map(), how: new Map() };
  for (const line of text.split("\n")) {
    const row = /^\| (.+?) \|/.exec(line)?.[1];
    if (row !== undefined && row !== "work") lines.table.set(row, line);
    const how = /^- \*(.+?)\*: /.exec(line)?.[1];
    if (how !== undefined) lines.how.set(how, line);
  }
  return lines;
}

function measured(rows: readonly Row[], before: string, { quick }: { readonly quick: boolean }): string {
  const cpu = cpus();
  const memory = Math.round(totalmem() / 1024 ** 3);
  const day = new Date().toISOString().slice(0, 10);
  const { table, how } = linesOf(before);
  for (const row of rows) {
    const others = `${Math.round(othersShare() * 100)} %`;
    table.set(
      row.name,
      `| ${row.name} | ${row.ours} | ${row.bare ?? "–"} | ${row.ratio?.toFixed(2) ?? "–"} | ${row.target} | ${verdict(row)} | ${day}${quick ? ", quick" : ""} | ${others} |`,
    );
    how.set(row.name, `- *${row.name}*: ${row.how}.`);
  }
  const lines = [
    `On ${cpu.length} × ${cpu[0]?.model.trim() ?? "unknown"}, ${memory} GB, ${process.platform}; ` +
      `workerd ${version("node_modules/wrangler/node_modules/workerd", "node_modules/workerd")}, wrangler ${version("node_modules/wrangler")}, ` +
      `hono ${version("node_modules/hono")}, Node ${process.versions.node}.`,
    "",
    "| work | ours | bare platform | ratio | target | | measured | others |",
    "|---|---|---|---|---|---|---|---|",
    ...table.values(),
    "",
    "Medians, with the extremes in brackets; *others* is the share of the machine that other processes used meanwhile (median; – where it was not taken).",
    "",
    ...how.values(),
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
