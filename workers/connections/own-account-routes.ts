import { Hono } from "hono";
import type { AppEnv } from "../../shared/http/app-env";
import { pageOf, pageQuery } from "../../shared/http/page";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { listOwnAccounts, readOwnAccount, registerOwnAccount, removeOwnAccount, rotateOwnAccount } from "./manage-own-accounts";
import {
  newOwnAccountBody,
  ownAccountChangeBody,
  ownAccountListSchema,
  ownAccountParam,
  ownAccountSchema,
  registeredOwnAccountSchema,
} from "./own-account-schemas";
import { managePorts } from "./ports";

const TAGS = ["Organisations"] as const;
const organisationParam = ownAccountParam.omit({ vendor: true });

export const ownAccountRoutes = new Hono<AppEnv>()
  .post(
    "/v1/organisations/:organisationId/vendor-credentials",
    route({
      policy: "person",
      summary: "Register the account that an organisation has at a vendor",
      description:
        "People who work there or share something with it connect through it with `authorize?organisation=`. The secrets are kept sealed and never shown again. Needs a fresh proof by two factors.",
      tags: TAGS,
      responses: { 201: registeredOwnAccountSchema },
      problems: ["malformed", "not_found", "invalid", "conflict", "vendor_retired", "step_up_required"],
    }),
    validate("param", organisationParam),
    validate("json", newOwnAccountBody),
    async (c) => {
      const { organisationId } = c.req.valid("param");
      const made = await registerOwnAccount(managePorts(c), organisationId, c.req.valid("json"));
      return c.json(made, 201, { location: `/v1/organisations/${organisationId}/vendor-credentials/${made.vendor}` });
    },
  )
  .get(
    "/v1/organisations/:organisationId/vendor-credentials",
    route({
      policy: "person",
      summary: "The accounts of an organisation at vendors",
      tags: TAGS,
      responses: { 200: ownAccountListSchema },
      problems: ["not_found", "invalid"],
    }),
    validate("param", organisationParam),
    validate("query", pageQuery),
    async (c) => {
      const ports = managePorts(c);
      const { organisationId } = c.req.valid("param");
      const items = await listOwnAccounts(ports, organisationId);
      const list = { name: `vendor-credentials ${organisationId}`, items, place: ({ vendor }: { readonly vendor: string }) => vendor };
      return c.json(await pageOf(ports.partner.keys, ports.partner.actor.person, list, c.req.valid("query")));
    },
  )
  .get(
    "/v1/organisations/:organisationId/vendor-credentials/:vendor",
    route({
      policy: "person",
      summary: "One account of an organisation at a vendor",
      tags: TAGS,
      responses: { 200: ownAccountSchema },
      problems: ["not_found", "invalid"],
    }),
    validate("param", ownAccountParam),
    async (c) => {
      const { organisationId, vendor } = c.req.valid("param");
      return c.json(await readOwnAccount(managePorts(c), organisationId, vendor));
    },
  )
  .patch(
    "/v1/organisations/:organisationId/vendor-credentials/:vendor",
    route({
      policy: "person",
      summary: "Rotate the secrets of an account at a vendor",
      description:
        "Make the new secret in the vendor's portal, and put it here. Connections go on; webhooks that are signed with the old one are taken for `overlapHours` more (24 where left out, 72 at most), so that none is lost while the vendor changes over. Of several old ones only the last counts. Say 0 where the secret got into other hands.",
      tags: TAGS,
      responses: { 200: ownAccountSchema },
      problems: ["malformed", "not_found", "invalid", "conflict", "step_up_required"],
    }),
    validate("param", ownAccountParam),
    validate("json", ownAccountChangeBody),
    async (c) => {
      const { organisationId, vendor } = c.req.valid("param");
      return c.json(await rotateOwnAccount(managePorts(c), organisationId, vendor, c.req.valid("json")));
    },
  )
  .delete(
    "/v1/organisations/:organisationId/vendor-credentials/:vendor",
    route({
      policy: "person",
      summary: "Remove an account at a vendor",
      description: "Its secrets are destroyed. Connections through it become `reauth_required` with the reason `credential_removed`.",
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found", "invalid", "step_up_required"],
    }),
    validate("param", ownAccountParam),
    async (c) => {
      const { organisationId, vendor } = c.req.valid("param");
      await removeOwnAccount(managePorts(c), organisationId, vendor);
      return c.body(null, 204);
    },
  );
