export { importsRoutes } from "./routes";
