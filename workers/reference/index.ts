export { addedLabTest } from "./added";
