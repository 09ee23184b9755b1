import * as z from "zod";

/** What a browser exchanges its token for before it opens a socket. */
export const ticketSchema = z
  .object({
    ticket: z.string().describe("Opaque; opens one socket"),
    expiresIn: z.int().describe("Seconds until it is worth nothing"),
  })
  .meta({ id: "Ticket", example: { ticket: "eu.1.b0dXk…", expiresIn: 30 } });
export type IssuedTicket = z.infer<typeof ticketSchema>;

export const personParam = z.strictObject({ personId: z.string().min(1).max(64) });

export const liveQuery = z.strictObject({
  metrics: z
    .string()
    .max(4_000)
    .optional()
    .describe("Keys of the metrics to watch, separated by commas; all where absent")
    .meta({ example: "heart_rate,steps" }),
  after: z.coerce.number().int().min(0).optional().describe("The last `seq` seen: what came after it is sent first"),
  ticket: z.string().max(1_000).optional().describe("A ticket of `POST /v1/tickets`, where no header can be sent"),
});
