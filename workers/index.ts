import { createApp } from "./app";
import { dispatchBatch } from "./queues";
import { runJobs } from "./schedules";

export { Board } from "../durable-objects/board/board";
export { Exporter } from "../durable-objects/exporter/exporter";
export { Gate } from "../durable-objects/gate/gate";
export { Importer } from "../durable-objects/importer/importer";
export { Programme } from "../durable-objects/programme/programme";
export { Room } from "../durable-objects/room/room";
export { Vault } from "../durable-objects/vault/vault";

const app = createApp();

export default {
  fetch: (request, env, ctx) => app.fetch(request, env, ctx),
  queue: (batch, env) => dispatchBatch(batch, env),
  scheduled: (controller, env) => runJobs(env, controller.scheduledTime),
} satisfies ExportedHandler<Env>;
