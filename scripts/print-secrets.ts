import { deploySecrets } from "./local-secrets.ts";

/**
 * Prints fresh secrets for a first deploy, as the JSON that `wrangler deploy --secrets-file` and `wrangler secret bulk` take. What only
 * the operator knows is read from the environment and stands empty where it is not set there. Running it again and deploying the result
 * would lock everybody out: later keys are added beside the old ones with `npm run keys`.
 */
const OPERATOR = ["GOOGLE_CLIENT_SECRET", "R2_ACCESS_KEY_ID", "R2_SECRET_ACCESS_KEY"] as const;

const own = Object.fromEntries(OPERATOR.map((name) => [name, process.env[name] ?? ""]));
process.stdout.write(`${JSON.stringify(deploySecrets(own), null, 2)}\n`);
for (const name of OPERATOR) if (own[name] === "") console.error(`${name} is empty: fill it in before deploying.`);
