import { Hono } from "hono";
import type { AppEnv } from "../../shared/http/app-env";
import { friendRoutes } from "./friend-routes";

export const socialRoutes = new Hono<AppEnv>().route("/", friendRoutes);
