import { Hono } from "hono";
import type { AppEnv } from "../../shared/http/app-env";
import { friendRoutes } from "./friend-routes";
import { groupRoutes } from "./group-routes";
import { postRoutes } from "./post-routes";
import { profileRoutes } from "./profile-routes";

export const socialRoutes = new Hono<AppEnv>()
  .route("/", friendRoutes)
  .route("/", groupRoutes)
  .route("/", postRoutes)
  .route("/", profileRoutes);
