export { importPorts } from "./ports";
export { importsRoutes } from "./routes";
export { startedImportSchema } from "./schemas";
export { startImport } from "./start-import";
