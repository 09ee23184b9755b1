import { Hono } from "hono";
import type { AppEnv } from "../../shared/http/app-env";
import { achievementRoutes } from "./achievement-routes";
import { rewardRoutes } from "./reward-routes";
import { walletRoutes } from "./wallet-routes";

export const rewardsRoutes = new Hono<AppEnv>().route("/", achievementRoutes).route("/", walletRoutes).route("/", rewardRoutes);
