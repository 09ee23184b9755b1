import { expect, test } from "vitest";
import { network, shortened } from "./network";

test.each([
  ["203.0.113.7", "203.0.113.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
  ["2001:DB8:1:2::1", "2001:db8:1:2"],
  ["2001:0db8:0001:0002:ffff::", "2001:db8:1:2"],
  ["2001:db8::1", "2001:db8:0:0"],
  ["::1", "0:0:0:0"],
  ["", ""],
])("%s belongs to %s", (address, expected) => expect(network(address)).toBe(expected));

test.each([
  ["203.0.113.7", "203.0.113.0/24"],
  ["2001:db8:1:2", "2001:db8:1::/48"],
])("of %s no more is kept than %s", (subscriber, kept) => expect(shortened(subscriber)).toBe(kept));
