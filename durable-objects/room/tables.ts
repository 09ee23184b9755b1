/** What becomes of the rows of a room's table. */
export interface RoomTable {
  /** When a member is erased: `deleted`: with theirs. `emptied`: the row stays, and nothing in it is theirs. `kept`: nothing in it is a member's. */
  readonly erasure: "deleted" | "emptied" | "kept";
  /** In a member's export: `shown`, or why it is left out. */
  readonly export: "shown" | { readonly leftOut: string };
  /** Whether rows go with the messages that are too old to be kept. */
  readonly retention: "with messages" | "stays";
}

/** Every table of a room; a test reads the real schema and fails for one that is not here. */
export const ROOM_TABLES: Readonly<Record<string, RoomTable>> = {
  actions: {
    erasure: "emptied",
    export: { leftOut: "What staff did; who it concerned can read it while they are there." },
    retention: "stays",
  },
  attachments: { erasure: "deleted", export: "shown", retention: "with messages" },
  // Who was in a call stands there by their number, as in events.
  calls: { erasure: "emptied", export: { leftOut: "When calls were; the log of the room says so to its members." }, retention: "stays" },
  call_signals: {
    erasure: "deleted",
    export: { leftOut: "What devices tell each other to connect, while a call goes on." },
    retention: "stays",
  },
  call_sessions: { erasure: "deleted", export: { leftOut: "Sessions at a forwarding server, while a call goes on." }, retention: "stays" },
  call_tracks: { erasure: "deleted", export: { leftOut: "Tracks at a forwarding server, while a call goes on." }, retention: "stays" },
  edits: { erasure: "deleted", export: "shown", retention: "with messages" },
  events: {
    erasure: "emptied",
    export: { leftOut: "Which numbers changes have; the messages are in the export." },
    retention: "with messages",
  },
  follows: {
    erasure: "deleted",
    export: { leftOut: "Threads that the person wrote in, which the messages say." },
    retention: "with messages",
  },
  keys: { erasure: "deleted", export: { leftOut: "Public keys of the person's own devices, which have them." }, retention: "stays" },
  marks: { erasure: "deleted", export: { leftOut: "How far the person has read." }, retention: "stays" },
  members: { erasure: "emptied", export: "shown", retention: "stays" },
  mentions: { erasure: "deleted", export: { leftOut: "An index of the messages." }, retention: "with messages" },
  messages: { erasure: "emptied", export: "shown", retention: "with messages" },
  reactions: { erasure: "deleted", export: "shown", retention: "with messages" },
  reports: { erasure: "deleted", export: "shown", retention: "with messages" },
  room: { erasure: "kept", export: "shown", retention: "stays" },
  scheduled: { erasure: "deleted", export: "shown", retention: "stays" },
  texts: { erasure: "deleted", export: { leftOut: "An index of the messages." }, retention: "with messages" },
  timers: { erasure: "kept", export: { leftOut: "When the room does its own work next." }, retention: "stays" },
  votes: { erasure: "deleted", export: "shown", retention: "with messages" },
  _migrations: { erasure: "kept", export: { leftOut: "Names of the schema's versions." }, retention: "stays" },
};
