/** What is kept of a network: enough to recognise where one signed in from, too little to find a household. */
export function shortened(subscriber: string): string {
  if (!subscriber.includes(":")) return `${subscriber.split(".").slice(0, 3).join(".")}.0/24`;
  return `${subscriber.split(":").slice(0, 3).join(":")}::/48`;
}

/** One subscriber: an IPv4 address, or the /64 that IPv6 customers get as a whole. */
export function network(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.toLowerCase().split("::");
  const left = head.split(":").filter((group) => group !== "");
  const right = (tail ?? "").split(":").filter((group) => group !== "");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array.from({ length: zeros }, () => "0"), ...right];
  return groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":");
}
