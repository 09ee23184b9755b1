/**
 * Stands for `zod/v4/core` in the bundle (`alias` in wrangler.toml): what makes the OpenAPI document asks for that whole module when it is
 * called, and with it for zod's messages in fifty languages, which were a tenth of the Worker.
 */
export { toJSONSchema } from "zod";
