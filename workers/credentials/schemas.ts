import { z } from "zod";

/** A password that is being chosen. What else is wrong with one, `passwordFault` says. */
export const newPasswordSchema = z
  .string()
  .min(8)
  .max(128)
  .describe("8 to 128 characters; 15 or more are advised. Common passwords are refused");

export const changePasswordBody = z
  .strictObject({
    currentPassword: z.string().min(1).max(128).optional().describe("Not needed within five minutes of signing in"),
    newPassword: newPasswordSchema,
  })
  .meta({ id: "ChangePassword", example: { currentPassword: "correct horse battery staple", newPassword: "a longer sentence is better" } });
