import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { directoryKeys } from "../../shared/crypto/keys";
import type { Subscription, VendorRequest, VendorSubscriptions } from "../../shared/vendors/vendor";
import { keepSubscriptions, type SubscriptionPorts } from "./keep-subscriptions";
import { dropSubscriptions, keptSubscriptions } from "./subscriptions";

const DAY_MS = 86_400_000;
const keys = directoryKeys(env.DIRECTORY_KEYS);

/** A vendor that keeps subscriptions in memory; tells their secret when they are made and never again. */
class SubscribingVendor {
  readonly id: string;
  readonly present = new Map<string, Subscription>();
  readonly calls: string[] = [];
  isDown = false;
  lifeMs: number | undefined = 30 * DAY_MS;
  now = Date.now();

  constructor(id = `vendor-${crypto.randomUUID()}`) {
    this.id = id;
  }

  readonly subscriptions: VendorSubscriptions = {
    wanted: ["sleep", "workout"],
    tellsSecret: true,
    list: () => ({ method: "GET", path: "/subscriptions" }),
    readList: () => [...this.present.values()],
    create: (_, key, url) => ({ method: "POST", path: "/subscriptions", body: { key, url } }),
    readCreated: (reply) => reply as Subscription,
    renew: (_, { id }) => ({ method: "PUT", path: `/subscriptions/${id}` }),
    remove: (_, { id }) => ({ method: "DELETE", path: `/subscriptions/${id}` }),
  };

  ports(token = "token", credential?: string): SubscriptionPorts {
    return {
      directory: env.DIRECTORY,
      keys,
      token,
      credential,
      credentials: { clientId: "c", clientSecret: "s", more: {} },
      url: `https://meridian.test/hooks/v/${token}`,
      call: async (request) => this.#answer(request),
    };
  }

  async keep(token?: string, credential?: string): Promise<number> {
    return await keepSubscriptions(this.ports(token, credential), { vendor: this, subscriptions: this.subscriptions }, this.now);
  }

  #answer({ method, path, body }: VendorRequest): unknown {
    this.calls.push(method);
    if (this.isDown) return undefined;
    const id = path.split("/")[2] ?? "";
    const life = this.lifeMs === undefined ? {} : { expiresAt: this.now + this.lifeMs };
    if (method === "POST") {
      const { key, url } = body as { key: string; url: string };
      const made = { id: crypto.randomUUID(), key, url, ...life };
      this.present.set(made.id, made);
      return { ...made, secret: `secret-of-${made.id}` };
    }
    if (method === "PUT") {
      const renewed = { ...(this.present.get(id) ?? fail()), ...life };
      this.present.set(id, renewed);
      return renewed;
    }
    if (method === "DELETE") this.present.delete(id);
    return {};
  }
}

describe("subscriptions", () => {
  it("are created once, and their secrets kept in a box", async () => {
    const vendor = new SubscribingVendor();
    expect(await vendor.keep()).toBe(2);
    expect(await vendor.keep()).toBe(0);
    expect(vendor.present.size).toBe(2);
    const kept = await keptSubscriptions(env.DIRECTORY, keys, { vendor: vendor.id, credential: undefined });
    expect(kept.map(({ secret, id }) => secret === `secret-of-${id}`)).toEqual([true, true]);
    const { results } = await env.DIRECTORY.prepare("select * from vendor_subscriptions where vendor = ?").bind(vendor.id).all();
    expect(JSON.stringify(results)).not.toContain("secret-of-");
  });

  it("are looked at again after some hours, and what the vendor has lost or switched off is made again", async () => {
    const vendor = new SubscribingVendor();
    await vendor.keep();
    const [lost, off] = [...vendor.present.values()];
    vendor.present.delete(lost?.id ?? "");
    if (off !== undefined) vendor.present.set(off.id, { ...off, inactive: true });
    expect(await vendor.keep()).toBe(0);
    vendor.now += DAY_MS / 2;
    expect(await vendor.keep()).toBe(2);
    expect([...vendor.present.values()].map(({ key, inactive }) => [key, inactive]).toSorted()).toEqual([
      ["sleep", undefined],
      ["workout", undefined],
    ]);
  });

  it("are renewed before they end, with the secret that they have", async () => {
    const vendor = new SubscribingVendor();
    await vendor.keep();
    const before = await keptSubscriptions(env.DIRECTORY, keys, { vendor: vendor.id, credential: undefined });
    vendor.now += 25 * DAY_MS;
    expect(await vendor.keep()).toBe(2);
    expect(vendor.calls.filter((method) => method === "PUT")).toHaveLength(2);
    const after = await keptSubscriptions(env.DIRECTORY, keys, { vendor: vendor.id, credential: undefined });
    expect(after.map(({ secret }) => secret)).toEqual(before.map(({ secret }) => secret));
    expect(Math.min(...after.map(({ expiresAt }) => expiresAt ?? 0))).toBeGreaterThan(vendor.now + 20 * DAY_MS);
  });

  it("move to another secret of the path", async () => {
    const vendor = new SubscribingVendor();
    await vendor.keep("first");
    vendor.now += DAY_MS;
    expect(await vendor.keep("second")).toBe(2);
    expect([...vendor.present.values()].map(({ url }) => url)).toEqual(Array(2).fill("https://meridian.test/hooks/v/second"));
  });

  it("are made again at once when the key of their secrets has been retired", async () => {
    const vendor = new SubscribingVendor();
    await vendor.keep();
    const retired = { ...keys, vendor: { current: "2", keys: { 2: btoa("0123456789abcdef0123456789abcdef") } } };
    const ports = { ...vendor.ports(), keys: retired };
    expect(await keepSubscriptions(ports, { vendor, subscriptions: vendor.subscriptions }, vendor.now)).toBe(2);
    expect(
      (await keptSubscriptions(env.DIRECTORY, retired, { vendor: vendor.id, credential: undefined })).every(
        ({ secret }) => secret !== undefined,
      ),
    ).toBe(true);
    expect(vendor.present.size).toBe(2);
  });

  it("of an organisation's account are apart from the house's and from another's, at the same vendor", async () => {
    const house = new SubscribingVendor();
    const [one, other] = [new SubscribingVendor(house.id), new SubscribingVendor(house.id)];
    expect([await house.keep(), await one.keep("one", "vcr_one"), await other.keep("other", "vcr_other")]).toEqual([2, 2, 2]);
    const idsOf = async (credential: string | undefined) =>
      (await keptSubscriptions(env.DIRECTORY, keys, { vendor: house.id, credential })).map(({ id }) => id).toSorted();
    const present = ({ present: all }: SubscribingVendor) => [...all.keys()].toSorted();
    expect([await idsOf(undefined), await idsOf("vcr_one"), await idsOf("vcr_other")]).toEqual([house, one, other].map(present));
    await dropSubscriptions(env.DIRECTORY, { vendor: house.id, credential: "vcr_one" });
    expect([await idsOf(undefined), await idsOf("vcr_one"), await idsOf("vcr_other")]).toEqual([present(house), [], present(other)]);
    expect([await house.keep(), await other.keep("other", "vcr_other"), await one.keep("one", "vcr_one")]).toEqual([0, 0, 2]);
  });

  it("are made by a later run where the vendor does not answer", async () => {
    const vendor = new SubscribingVendor();
    vendor.isDown = true;
    expect(await vendor.keep()).toBe(0);
    vendor.isDown = false;
    expect(await vendor.keep()).toBe(2);
  });
});

function fail(): never {
  throw new TypeError("no such subscription");
}
