export { cleanExports } from "./clean-exports";
export { exportsRoutes } from "./routes";
