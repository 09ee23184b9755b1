export { labelPlace } from "./labels";
