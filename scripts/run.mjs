// Runs a script of this folder: `node scripts/run.mjs start`. Plain JavaScript, so that an old Node says what is wrong instead of
// failing on the first type annotation.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `Node ${process.versions.node} is too old to run TypeScript. Use "npm start" after "npm ci": the project brings its own Node ${process.env.npm_package_devDependencies_node ?? "24"}.`,
  );
  process.exit(1);
}
const [, , name] = process.argv;
await import(`./${name}.ts`);
