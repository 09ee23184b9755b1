import { createApp } from "../../../workers/app";
import { dispatchBatch } from "../../../workers/queues";
import { route } from "../../../shared/http/route";
import { bareApp } from "./bare";
import { toolsApp } from "./tools";

export { Gate } from "../../../durable-objects/gate/gate";
export { Exporter } from "../../../durable-objects/exporter/exporter";
export { Importer } from "../../../durable-objects/importer/importer";
export { Programme } from "../../../durable-objects/programme/programme";
export { BenchRoom as Room } from "./bench-room";
export { BareRoom, BareRows } from "./bare-objects";
export { BareBoard, BenchBoard as Board } from "./bench-board";
export { BenchVault as Vault } from "./bench-vault";

/** The real app with one route more: it does nothing, behind everything that every route of a person is behind. */
const app = createApp();
app.get("/v1/nothing", route({ policy: "person", summary: "Do nothing", tags: ["Benchmark"], responses: { 200: null } }), (c) =>
  c.json({ ok: true }),
);

export default {
  fetch: (request, env, ctx) => app.fetch(request, env, ctx),
  queue: (batch, env) => dispatchBatch(batch, env),
} satisfies ExportedHandler<Env>;

export const bare = { fetch: bareApp.fetch };
export const tools = { fetch: toolsApp.fetch };
