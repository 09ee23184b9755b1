import { Hono } from "hono";
import { type AppEnv, personOf } from "../../shared/http/app-env";
import { pageOf, pageQuery } from "../../shared/http/page";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { regionOf } from "../../shared/id";
import { requireStepUp } from "../sessions";
import {
  newPasskeyBody,
  passkeyCreationSchema,
  passkeyListSchema,
  passkeyParam,
  passkeyRequestSchema,
  passkeySchema,
  renamePasskeyBody,
} from "./passkey-schemas";
import { listPasskeys, removePasskey, renamePasskey } from "./passkeys";
import { credentialPorts } from "./ports";
import { beginPasskeySignIn } from "./prove-passkey";
import { addPasskey, beginPasskey } from "./register-passkey";
import { relyingParty } from "./relying-party";

export const passkeyRoutes = new Hono<AppEnv>()
  .post(
    "/v1/sessions/passkeys/challenges",
    route({
      policy: "public",
      summary: "Begin to sign in with a passkey",
      description: "Options for `navigator.credentials.get()`; complete within five minutes with `POST /v1/sessions/passkeys`.",
      tags: ["Sessions"],
      responses: { 201: passkeyRequestSchema },
      idempotency: "off",
    }),
    async (c) => c.json(await beginPasskeySignIn(credentialPorts(c), relyingParty(c.env)), 201),
  )
  .post(
    "/v1/me/passkeys/challenges",
    route({
      policy: "person",
      summary: "Begin to add a passkey",
      description: "Options for `navigator.credentials.create()`; complete within five minutes with `POST /v1/me/passkeys`.",
      tags: ["Credentials"],
      responses: { 201: passkeyCreationSchema },
      problems: ["conflict", "step_up_required"],
      idempotency: "off",
    }),
    async (c) => {
      await requireStepUp(c);
      return c.json(await beginPasskey(credentialPorts(c), relyingParty(c.env), personOf(c)), 201);
    },
  )
  .post(
    "/v1/me/passkeys",
    route({
      policy: "person",
      summary: "Add a passkey",
      description: "All other sessions end.",
      tags: ["Credentials"],
      responses: { 201: passkeySchema },
      problems: ["malformed", "invalid", "gone", "conflict", "step_up_required"],
      idempotency: "off",
    }),
    validate("json", newPasskeyBody),
    async (c) => {
      await requireStepUp(c);
      const added = await addPasskey(credentialPorts(c), relyingParty(c.env), { actor: personOf(c), ...c.req.valid("json") });
      return c.json(added, 201);
    },
  )
  .get(
    "/v1/me/passkeys",
    route({
      policy: "person",
      summary: "List your passkeys",
      tags: ["Credentials"],
      responses: { 200: passkeyListSchema },
      problems: ["invalid"],
    }),
    validate("query", pageQuery),
    async (c) => {
      const [ports, actor] = [credentialPorts(c), personOf(c)];
      const list = { name: "passkeys", items: await listPasskeys(ports, actor), place: ({ id }: { readonly id: string }) => id };
      return c.json(await pageOf(ports.stores(regionOf(actor.person)).keys, actor.person, list, c.req.valid("query")));
    },
  )
  .patch(
    "/v1/me/passkeys/:id",
    route({
      policy: "person",
      summary: "Give a passkey another name",
      tags: ["Credentials"],
      responses: { 200: passkeySchema },
      problems: ["malformed", "invalid", "not_found"],
    }),
    validate("param", passkeyParam),
    validate("json", renamePasskeyBody),
    async (c) => {
      const { id } = c.req.valid("param");
      return c.json(await renamePasskey(credentialPorts(c), { actor: personOf(c), id, name: c.req.valid("json").name }));
    },
  )
  .delete(
    "/v1/me/passkeys/:id",
    route({
      policy: "person",
      summary: "Remove a passkey",
      description: "All other sessions end. The last way to sign in cannot be removed.",
      tags: ["Credentials"],
      responses: { 204: null },
      problems: ["not_found", "conflict", "step_up_required"],
      idempotency: "off",
    }),
    validate("param", passkeyParam),
    async (c) => {
      await requireStepUp(c);
      await removePasskey(credentialPorts(c), personOf(c), c.req.valid("param").id);
      return c.body(null, 204);
    },
  );
