/** What the routes of rooms have in common in the document: their tag, and the problems of reading and of writing in a room. */
export const TAGS = ["Messaging"] as const;
export const IN_ROOM = ["invalid", "not_found"] as const;
export const WRITES = ["malformed", "invalid", "not_found", "conflict", "gone", "rate_limited"] as const;
