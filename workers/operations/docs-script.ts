/**
 * Script of `/docs`: builds the page from `/openapi.json`. It only ever sets text, never markup, so that nothing in the document can
 * become part of the page.
 */
export const DOCS_SCRIPT = `"use strict";
const METHODS = ["get", "post", "put", "patch", "delete"];
const el = (name, attributes = {}, ...children) => {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children.filter((child) => child !== undefined && child !== null));
  return node;
};
const nameOf = (ref) => ref.split("/").pop();
const resolve = (doc, schema) => (schema && schema.$ref ? doc.components.schemas[nameOf(schema.$ref)] : schema);

/** A short name for a schema: \`Meal\`, \`string · date-time\`, \`Meal[]\`. */
const typeOf = (schema) => {
  if (!schema) return "any";
  if (schema.$ref) return nameOf(schema.$ref);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return choices.map(typeOf).join(" | ");
  if (schema.type === "array") return typeOf(schema.items) + "[]";
  return [].concat(schema.type ?? "any").join(" | ") + (schema.format ? " · " + schema.format : "");
};

/** An example value: the schema's own, or one made of its shape. */
const sample = (doc, schema, depth = 0) => {
  const found = resolve(doc, schema);
  if (!found || depth > 6) return null;
  if (found.example !== undefined) return found.example;
  if (found.examples?.length) return found.examples[0];
  if (found.default !== undefined) return found.default;
  if (found.const !== undefined) return found.const;
  if (found.enum) return found.enum[0];
  const choice = (found.anyOf ?? found.oneOf ?? found.allOf)?.[0];
  if (choice) return sample(doc, choice, depth + 1);
  const type = [].concat(found.type)[0];
  if (type === "object" || found.properties) {
    const required = found.required ?? Object.keys(found.properties ?? {});
    return Object.fromEntries(Object.entries(found.properties ?? {}).filter(([key]) => required.includes(key)).map(([key, value]) => [key, sample(doc, value, depth + 1)]));
  }
  if (type === "array") return found.items ? [sample(doc, found.items, depth + 1)] : [];
  if (type === "integer" || type === "number") return found.minimum ?? 1;
  if (type === "boolean") return true;
  if (found.format === "date-time") return "2026-11-20T07:30:00.000Z";
  if (found.format === "date") return "2026-11-20";
  if (found.format === "email") return "person@example.org";
  return type === "string" ? "text" : null;
};

const curlOf = (doc, path, method, operation) => {
  const query = (operation.parameters ?? []).filter((parameter) => parameter.in === "query" && parameter.required).map((parameter) => parameter.name + "=" + encodeURIComponent(sample(doc, parameter.schema) ?? ""));
  const lines = ["curl" + (method === "get" ? "" : " -X " + method.toUpperCase()) + " '" + location.origin + path + (query.length ? "?" + query.join("&") : "") + "'"];
  if (operation.security?.length) lines.push("  -H \\"authorization: Bearer $TOKEN\\"");
  const content = operation.requestBody?.content ?? {};
  const [type] = Object.keys(content);
  if (type === "application/json" || type?.endsWith("+json")) {
    lines.push("  -H 'content-type: " + type + "'");
    lines.push("  -d '" + JSON.stringify(sample(doc, content[type].schema)).replaceAll("'", "'\\\\''") + "'");
  } else if (type) lines.push("  -H 'content-type: " + type + "'", "  --data-binary @file");
  return lines.join(" \\\\\\n");
};

const rows = (entries) => el("table", {}, el("tbody", {}, ...entries.map((cells) => el("tr", {}, ...cells.map((cell) => el("td", {}, cell))))));
const code = (text) => el("code", {}, text);
/** The document's texts are Markdown; of that, code spans are all they use. */
const prose = (text) => text.split("\`").map((part, index) => (index % 2 ? code(part) : part));
const paragraphs = (text, kind) => text.split("\\n\\n").map((part) => el("p", { class: kind }, ...prose(part.replaceAll("\\n", " "))));

const fields = (doc, schema) => {
  const found = resolve(doc, schema);
  const properties = Object.entries(found?.properties ?? {});
  if (!properties.length) return code(typeOf(schema));
  const required = found.required ?? [];
  return rows(properties.map(([key, value]) => [code(key + (required.includes(key) ? "" : "?")), el("span", {}, code(typeOf(value)), ...prose(value.description ? " " + value.description : ""))]));
};

const copyable = (text) => {
  const button = el("button", { type: "button" }, "copy");
  button.addEventListener("click", () => navigator.clipboard.writeText(text).then(() => (button.textContent = "copied")));
  return el("pre", {}, button, text);
};

const section = (title, ...content) => [el("h4", {}, title), ...content];

const articleOf = (doc, path, method, operation) => {
  const article = el("article", { id: operation.operationId, "data-text": (method + " " + path + " " + operation.summary).toLowerCase() });
  article.append(el("div", { class: "line" }, el("span", { class: "method " + method }, method.toUpperCase()), code(path), el("span", { class: "policy" }, operation["x-policy"] ?? "")));
  article.append(el("h3", {}, operation.summary ?? ""));
  if (operation.description) article.append(...paragraphs(operation.description, "note"));
  if (operation.parameters?.length) {
    const described = operation.parameters.map((parameter) => [code(parameter.name + (parameter.required ? "" : "?")), el("span", {}, parameter.in + " ", code(typeOf(parameter.schema)), ...prose(parameter.description ?? parameter.schema?.description ? " " + (parameter.description ?? parameter.schema.description) : ""))]);
    article.append(...section("Parameters", rows(described)));
  }
  for (const [type, media] of Object.entries(operation.requestBody?.content ?? {})) article.append(...section("Body · " + type, fields(doc, media.schema)));
  const responses = Object.entries(operation.responses ?? {}).map(([status, response]) => {
    const media = Object.values(response.content ?? {})[0];
    const body = status < "300" && media ? el("details", {}, el("summary", {}, typeOf(media.schema)), fields(doc, media.schema)) : undefined;
    return [code(status), el("span", {}, ...prose(response.description ?? ""), body)];
  });
  article.append(...section("Answers", rows(responses)), ...section("Try it", copyable(curlOf(doc, path, method, operation))));
  return article;
};

const render = (doc) => {
  const byTag = new Map();
  for (const [path, item] of Object.entries(doc.paths)) {
    for (const method of METHODS) {
      const operation = item[method];
      if (!operation) continue;
      const tag = operation.tags?.[0] ?? "other";
      byTag.set(tag, [...(byTag.get(tag) ?? []), { path, method, operation }]);
    }
  }
  const index = document.getElementById("index");
  const content = document.getElementById("content");
  content.replaceChildren(el("h1", {}, doc.info.title + " " + doc.info.version), ...paragraphs(doc.info.description, "intro"));
  for (const [tag, list] of [...byTag].sort(([a], [b]) => a.localeCompare(b))) {
    index.append(el("h2", {}, tag));
    content.append(el("h2", {}, tag));
    for (const { path, method, operation } of list) {
      index.append(el("a", { href: "#" + operation.operationId, title: method.toUpperCase() + " " + path }, operation.summary ?? path));
      content.append(articleOf(doc, path, method, operation));
    }
  }
  const schemas = Object.entries(doc.components?.schemas ?? {});
  if (schemas.length) content.append(el("h2", {}, "schemas"));
  for (const [name, schema] of schemas) content.append(el("article", { id: "schema-" + name, "data-text": name.toLowerCase() }, el("h3", {}, name), fields(doc, schema)));
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
};

document.getElementById("filter").addEventListener("input", ({ target }) => {
  const wanted = target.value.trim().toLowerCase();
  for (const article of document.querySelectorAll("article")) article.classList.toggle("hidden", !article.dataset.text.includes(wanted));
});
fetch("/openapi.json")
  .then((response) => response.json())
  .then(render)
  .catch(() => document.getElementById("content").replaceChildren(el("p", { class: "loading" }, "The document could not be read.")));
`;
