import { Hono } from "hono";
import { answerFile } from "../../shared/http/byte-range";
import { type AppEnv, personOf } from "../../shared/http/app-env";
import { fileNameIn } from "../../shared/http/file-name";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { notFound } from "../../shared/problem";
import { admitSocket } from "../live";
import { enter } from "./act";
import { LARGEST_ATTACHMENT, linkAttachment, openLink, uploadAttachment } from "./files";
import { openSocket } from "./open-socket";
import { requestPorts } from "./ports";
import { messageRoutes } from "./message-routes";
import { moderationRoutes } from "./moderation-routes";
import { roomRoutes } from "./room-routes";
import { TAGS } from "./terms";
import * as s from "./schemas";

/** Files of rooms, and the room's socket. */
const more = new Hono<AppEnv>()
  .get(
    "/v1/rooms/:roomId/live",
    route({
      policy: "ticket",
      summary: "Take part in a room as it happens (WebSocket)",
      description: "Send the access token as usual, or a ticket in the query. The frames are described in docs/messaging.md.",
      tags: TAGS,
      responses: { 101: null },
      problems: ["malformed", "forbidden", "not_found", "invalid"],
    }),
    validate("param", s.roomParam),
    validate("query", s.liveQuery),
    async (c) => {
      const { ticket, after } = c.req.valid("query");
      const admission = await admitSocket(c, ticket);
      const webSocket = await openSocket(requestPorts(c), c.req.valid("param").roomId, admission, after);
      return new Response(null, { status: 101, webSocket });
    },
  )
  .get(
    "/v1/rooms/:roomId/attachments",
    route({
      policy: "person",
      summary: "The files of a room",
      tags: TAGS,
      responses: { 200: s.attachmentListSchema },
      problems: ["invalid", "not_found"],
    }),
    validate("param", s.roomParam),
    validate("query", s.backQuery),
    async (c) => {
      const { room, person } = await enter(requestPorts(c), personOf(c), c.req.valid("param").roomId);
      const { before, limit } = c.req.valid("query");
      return c.json({ items: await room.attachments(person, before ?? Number.MAX_SAFE_INTEGER, limit) });
    },
  )
  .post(
    "/v1/rooms/:roomId/attachments",
    route({
      policy: "person",
      summary: "Upload a file for a message",
      description:
        "Up to 16 MiB, as the body, with its name in `x-file-name` (percent-encoded). What it is, its bytes tell: pictures, sound, films, PDF and plain text; in a sealed room anything, which your device has sealed. Of JPEG, PNG, WebP, GIF, HEIC and AVIF goes what they tell beside the picture (place, time, camera, texts, thumbnails); pixels, colours and the way up stay. Films of HEIC and AVIF, and pictures that are not whole, are refused. Without a message that brings it, it is deleted after a day.",
      tags: TAGS,
      responses: { 201: s.attachmentSchema },
      problems: ["invalid", "not_found", "too_large", "unsupported_media_type", "file_unreadable", "rate_limited"],
      bodyLimit: LARGEST_ATTACHMENT,
      idempotency: "off",
      rawBody: { mediaType: "application/octet-stream", description: "The file" },
    }),
    validate("param", s.roomParam),
    validate("query", s.uploadQuery),
    async (c) => {
      const [ports, actor] = [requestPorts(c), personOf(c)];
      const { id } = await enter(ports, actor, c.req.valid("param").roomId);
      const upload = {
        bytes: await c.req.arrayBuffer(),
        name: fileNameIn(c.req.header("x-file-name")),
        durationMs: c.req.valid("query").durationMs,
      };
      return c.json(await uploadAttachment(ports, actor, id, upload), 201);
    },
  )
  .post(
    "/v1/rooms/:roomId/attachments/:attachmentId/link",
    route({
      policy: "person",
      summary: "Get a link to a file",
      description: "For you, for five minutes, and only as long as you are in the room and the message is there.",
      tags: TAGS,
      responses: { 200: s.linkSchema },
      problems: ["invalid", "not_found"],
      idempotency: "off",
    }),
    validate("param", s.attachmentParam),
    async (c) => {
      const [ports, actor] = [requestPorts(c), personOf(c)];
      const { id } = await enter(ports, actor, c.req.valid("param").roomId);
      return c.json(await linkAttachment(ports, actor, id, c.req.valid("param").attachmentId));
    },
  )
  .get(
    "/v1/attachments/:token",
    route({
      policy: "public",
      summary: "Download a file by its link",
      tags: TAGS,
      responses: {
        200: { mediaType: "*/*", description: "The file, in its own type" },
        206: { mediaType: "*/*", description: "The part of it that was asked for" },
      },
      problems: ["invalid", "not_found", "session_ended", "forbidden", "gone", "range_not_satisfiable"],
    }),
    validate("param", s.fileParam),
    async (c) => {
      const { view, key, files } = await openLink(requestPorts(c), c.req.valid("param").token);
      const isInline = view.kind === "image" || view.kind === "audio" || view.kind === "video";
      const asked = { range: c.req.header("range"), ifRange: c.req.header("if-range") };
      const answer = await answerFile(files, key, asked, {
        // Text is UTF-8: nothing else is taken for text.
        "content-type": view.type === "text/plain" ? "text/plain; charset=utf-8" : view.type,
        "content-disposition": `${isInline ? "inline" : "attachment"}${view.name === null ? "" : `; filename*=UTF-8''${encodeURIComponent(view.name)}`}`,
        "content-security-policy": "default-src 'none'; sandbox",
        "cache-control": "private, no-store",
      });
      if (answer === null) throw notFound("file");
      return answer;
    },
  );

export const messagingRoutes = new Hono<AppEnv>()
  .route("/", roomRoutes)
  .route("/", messageRoutes)
  .route("/", moderationRoutes)
  .route("/", more);
