// What belongs to the browser tab: keys, address, theme, downloads. Shows nothing.
const REPEATING = new Set(["previous", "next", "piece_back", "piece_on", "checkpoint_back", "checkpoint_on", "map_back", "map_on", "element_up", "element_down"]);
const PATIENCE = 500;  // ms after which a key held down is sent without an answer

const TYPING = new Set(["INPUT", "TEXTAREA", "SELECT"]);

function typing(event) {
  const target = event.composedPath()[0];
  const presses = event.key === " " || event.key === "Enter";
  if (presses && target.matches?.("a, button, summary, [role=button]")) return true;
  return TYPING.has(target.tagName) || target.isContentEditable;
}

// Bokeh clears a canvas but for its outermost pixels, which would keep the old theme.
function clearFigures() {
  for (const figure of Bokeh.documents[0]?._all_models.values() ?? []) {
    if (figure.type !== "Figure") continue;
    const layer = Bokeh.index.find_one_by_id(figure.id)?.canvas_view?.primary;
    if (!(layer?.canvas instanceof HTMLCanvasElement)) continue;
    layer.undo_transform((context) => context.clearRect(0, 0, layer.canvas.width, layer.canvas.height));
  }
}

export function render({model}) {
  let sent = -Infinity, held = false;
  const press = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (typing(event) || document.documentElement.dataset.dialog) return;
    const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const escape = new CustomEvent("stellar-escape", {cancelable: true});
    if (name === "Escape" && !document.dispatchEvent(escape)) return;
    if (document.documentElement.dataset.keys === "off" && name !== "?" && name !== "Escape") return;
    const command = model.commands[name];
    if (!command) return;
    event.preventDefault();
    const now = performance.now();
    if (event.repeat && (!REPEATING.has(command) || now - sent < PATIENCE)) return;
    sent = now;
    held = event.repeat;
    model.send_msg({command});
  };
  const travel = () => model.send_msg({command: "address", value: window.location.search});
  const write = () => {
    sent = -Infinity;  // the last key is answered
    const query = model.query;
    if (query === window.location.search) return;
    const url = window.location.pathname + query;
    if (model.replaces || held) window.history.replaceState({}, "", url);
    else window.history.pushState({}, "", url);
  };
  document.documentElement.dataset.theme = model.theme;
  // Bokeh cannot tell a focus that a pointer brought from one that the keyboard did
  const pointed = () => { document.documentElement.dataset.pointer = ""; };
  const tabbed = (event) => { if (event.key === "Tab") delete document.documentElement.dataset.pointer; };
  document.addEventListener("pointerdown", pointed, true);
  document.addEventListener("keydown", tabbed, true);
  document.addEventListener("keydown", press);
  window.addEventListener("popstate", travel);
  model.on("remove", () => {
    document.removeEventListener("pointerdown", pointed, true);
    document.removeEventListener("keydown", tabbed, true);
    document.removeEventListener("keydown", press);
    window.removeEventListener("popstate", travel);
  });
  if (model.query !== window.location.search) {
    window.history.replaceState({}, "", window.location.pathname + model.query);
  }
  model.on("query", write);
  model.on("theme", () => {
    document.documentElement.dataset.theme = model.theme;
    clearFigures();
  });
  model.on("msg:custom", (event) => {
    const {filename, text} = event.data ?? event;
    if (!filename) return;
    const link = h("a", {href: URL.createObjectURL(new Blob([text])), download: filename});
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
  return h("div", {hidden: true});
}
