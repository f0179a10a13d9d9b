() => {
  const faults = [], seen = element => {
    const style = getComputedStyle(element), box = element.getBoundingClientRect();
    return style.visibility !== "hidden" && style.display !== "none" && box.width > 0; };
  const say = (what, element) => faults.push(what + ": " + element.outerHTML.slice(0, 120));
  const named = e => (e.getAttribute("aria-label") || e.textContent || e.alt ||
    [...e.querySelectorAll("img")].map(i => i.alt).join("")).trim();
  if (document.documentElement.lang !== "en" || !document.title.trim()) faults.push("no language");
  for (const one of ["main", "header", "footer"])
    if (document.querySelectorAll(one).length !== 1) faults.push("not one " + one);
  if (document.querySelectorAll("h1").length !== 1) faults.push("not one h1");
  let level = 0;
  for (const head of document.querySelectorAll("h1, h2, h3, h4")) {
    const next = Number(head.tagName[1]);
    if (head.closest("footer") === null && next > level + 1) say("heading skips a level", head);
    level = next; }
  for (const e of document.querySelectorAll("a, button")) if (!named(e)) say("no name", e);
  for (const e of document.querySelectorAll("img")) if (!e.alt) say("no alternative text", e);
  for (const e of document.querySelectorAll("input, select, textarea"))
    if (e.type !== "hidden" && !e.labels?.length && !e.getAttribute("aria-label")) say("no label", e);
  for (const e of document.querySelectorAll("svg"))
    if (!e.getAttribute("aria-label") && e.getAttribute("aria-hidden") !== "true") say("no name", e);
  for (const e of document.querySelectorAll("table")) {
    if (!e.caption || !e.caption.textContent.trim()) say("no caption", e);
    if (![...e.querySelectorAll("thead th")].every(h => h.scope === "col")) say("no scope", e); }
  const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
  if (new Set(ids).size !== ids.length)
    faults.push("an id twice: " + ids.filter((id, at) => ids.indexOf(id) !== at));
  const rgb = text => (text.match(/[0-9.]+/g) || []).map(Number);
  const linear = c => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const behind = e => { for (; e; e = e.parentElement) {
    const c = rgb(getComputedStyle(e).backgroundColor); if (c.length === 3 || c[3] > 0.99) return c; }
    return [255, 255, 255]; };
  for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || !seen(e) || e.closest("svg") || e.classList.contains("hidden")) continue;
    const [a, b] = [light(rgb(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) say("contrast " + ((a + 0.05) / (b + 0.05)).toFixed(2), e); }
  return faults; }
