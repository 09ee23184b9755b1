import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import * as z from "zod";
import { VENDORS } from "../../shared/vendors/vendors";
import { fetchApp } from "../../test/people";
import { operatorViewSchema, vendorCatalogueSchema } from "./schemas";

it("anybody may choose from the vendors, the living and the gone", async () => {
  const response = await fetchApp("/v1/vendors");
  expect(response.status).toBe(200);
  const { items } = vendorCatalogueSchema.parse(await response.json());
  expect(items.map(({ id }) => id)).toEqual(VENDORS.map(({ id }) => id));
  for (const { status, areas, successor } of items) expect(status === "dead" ? successor : areas.length).toBeTruthy();
});

it("an operator sees how vendors stand, and nobody else does", async () => {
  const ask = async (secret: string) => await fetchApp("/v1/operations/vendors", { headers: { authorization: `Bearer ${secret}` } });
  expect((await ask("not the secret")).status).toBe(401);
  const response = await ask(env.OPERATIONS_SECRET);
  expect(response.status).toBe(200);
  const { items } = operatorViewSchema.parse(await response.json());
  const google = z
    .object({ offered: z.literal(true) })
    .loose()
    .parse(items.find(({ id }) => id === "google-health"));
  expect(google).toMatchObject({ regions: [{ region: "eu" }, { region: "us" }, { region: "ap" }] });
});
