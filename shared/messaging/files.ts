/** Folder of the region's bucket in which the files of rooms lie. */
export const ROOM_FILES = "rooms/";

/** Where an attachment lies: opaque ids alone. */
export function attachmentKey(room: string, attachment: string): string {
  return `${ROOM_FILES}${room}/${attachment}`;
}
