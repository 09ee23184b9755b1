/**
 * Compares what a caller gave with a secret, in a time that depends on the length of `given` alone: neither on where they differ nor on the
 * secret's length. Nothing equals an empty secret. Makes nothing, as every call of a webhook comes through here.
 */
export function sameText(given: string, secret: string): boolean {
  let difference = given.length ^ secret.length;
  const { length } = secret;
  for (let i = 0; i < given.length; i++) difference |= given.charCodeAt(i) ^ secret.charCodeAt(length === 0 ? 0 : i % length);
  return difference === 0 && length > 0;
}
