/* What WCAG 2.2 asks of a page of forms, as far as a program can tell: names, headings, contrast, size of targets. Runs in the page. */
(() => {
  const faults = [];
  if (document.documentElement.lang === "") faults.push("no language");
  if (document.title === "") faults.push("no title");
  if (document.querySelectorAll("main").length !== 1) faults.push("no main part");
  if (document.querySelectorAll("h1").length !== 1) faults.push("not one heading of the first level");
  for (const field of document.querySelectorAll("input:not([type=hidden])"))
    if ((field.labels?.length ?? 0) === 0 || field.labels?.[0]?.textContent?.trim() === "") faults.push(`no label: ${field.name}`);
  for (const set of document.querySelectorAll("fieldset"))
    if (set.querySelector("legend")?.textContent?.trim() === "") faults.push("no legend");
  const parsed = (text) =>
    (/[\d.]+(?:, ?|\s)?[\d.]*(?:, ?|\s)?[\d.]*/.exec(text.replace(/^\w+\(/, ""))?.[0] ?? "").split(/[, ]+/).map(Number);
  const light = (text) => {
    const [r = 0, g = 0, b = 0] = parsed(text).map((value) => {
      const part = value / 255;
      return part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const probe = document.createElement("div");
  probe.style.background = "Canvas";
  document.body.append(probe);
  const canvas = getComputedStyle(probe).backgroundColor;
  probe.remove();
  for (const part of document.querySelectorAll("h1, p, label, legend, button")) {
    let behind = canvas;
    for (let at = part; at !== null; at = at.parentElement) {
      const own = getComputedStyle(at).backgroundColor;
      if (own !== "rgba(0, 0, 0, 0)" && own !== "transparent") {
        behind = own;
        break;
      }
    }
    const [a, b] = [light(getComputedStyle(part).color), light(behind)];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) faults.push(`contrast ${contrast.toFixed(1)}: ${part.tagName}`);
  }
  for (const target of document.querySelectorAll("button, label:has(input)")) {
    const { width, height } = target.getBoundingClientRect();
    if (width < 24 || height < 24) faults.push(`small: ${target.textContent ?? ""}`);
  }
  return faults;
})();
