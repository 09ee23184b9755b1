export { addedLabTest, addedLabTests } from "./added";
