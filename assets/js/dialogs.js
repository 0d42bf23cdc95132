// What opens over the page: keys, a file to open, cards "What am I seeing?", notices.
const CHUNK = 4 * 1024 * 1024;

function dialog(name, title, ...content) {
  const box = h("dialog", {"aria-label": title});
  const close = h("button.icon-button.small", {"aria-label": "Close", onclick: () => box.close()}, icon("close", 18));
  box.append(h("div.title-row", {}, h("h2", {}, title), h("span.spacer"), close), h("div.content", {}, ...content));
  box.addEventListener("click", (event) => { if (event.target === box) box.close(); });
  return box;
}

function base64(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

export function render({model}) {
  // ---- help
  const list = h("table", {}, h("tbody"));
  // The next key may come before the server has heard of it, so the page is told here.
  const listen = (keys) => { document.documentElement.dataset.keys = keys ? "on" : "off"; };
  const on = h("input", {type: "checkbox", onchange: () => {
    listen(on.checked);
    model.send_msg({command: "keys_on", value: on.checked});
  }});
  const help = dialog("help", "Keys",
    list, h("label.switch", {}, on, "Listen to single keys (? and Esc always work)"),
    h("p.muted", {}, "Click in a plot picks a pixel or a star. Drag moves the window, the wheel zooms, a double click resets."));

  // ---- opening a file
  const path = h("input", {type: "text", placeholder: "/data/apStar-….fits", "aria-label": "Path of a file", autocomplete: "off", spellcheck: "false"});
  const byPath = h("button.button", {onclick: () => model.send_msg({command: "open_path", value: path.value})}, "Open");
  const pathReason = h("p.muted");
  const chosen = h("input", {type: "file", multiple: true, "aria-label": "Choose files", onchange: () => upload([...chosen.files])});
  const drop = h("label.drop", {}, icon("open", 20), h("span", {}, "Drop files here or choose them"), chosen);
  const progress = h("progress", {max: 1, value: 0, "aria-label": "Upload", hidden: true});
  const examples = h("div.examples");
  const open = dialog("open", "Open spectra or a model",
    h("p.muted", {}, "APOGEE apStar or aspcapStar, our HDF5, 1-D FITS, or a table (ECSV, CSV) with wavelength, flux and error; a model as .safetensors."),
    drop, progress, h("div.line", {}, h("span.field", {}, path), byPath), pathReason, examples);
  path.addEventListener("keydown", (event) => { if (event.key === "Enter") byPath.click(); });

  // ---- a text to read
  const page = h("pre.page.scroll", {tabindex: 0});
  const read = dialog("text", "Text", page);

  let acknowledge = null;
  async function upload(files) {
    progress.hidden = false;
    for (const file of files) {
      for (let start = 0, done = file.size === 0; start < file.size || done; start += CHUNK) {
        const data = await base64(file.slice(start, start + CHUNK));
        const last = start + CHUNK >= file.size;
        const received = new Promise((resolve) => { acknowledge = resolve; });
        model.send_msg({command: "upload", value: {name: file.name, first: start === 0, last, data}});
        if (!await received) break;
        progress.value = Math.min(1, (start + CHUNK) / file.size);
        done = false;
      }
    }
    progress.hidden = true;
    progress.value = 0;
    chosen.value = "";
  }
  const dragged = (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    document.documentElement.toggleAttribute("data-dropping", event.type === "dragover");
    if (event.type === "drop") upload([...event.dataTransfer.files]);
  };
  for (const type of ["dragover", "drop", "dragleave"]) document.addEventListener(type, dragged);

  // ---- cards
  const text = h("div.text");
  const card = h("aside.popover", {hidden: true, role: "dialog", "aria-label": "What am I seeing?"},
    h("div.title-row", {}, icon("help", 17), h("h2", {}, "What am I seeing?"), h("span.spacer"),
      h("button.icon-button.small", {"aria-label": "Close", onclick: () => hide()}, icon("close", 18))), text);
  let anchor = null;
  const hide = () => {
    if (card.hidden) return;
    card.hidden = true;
    anchor?.focus?.();
  };
  const show = ({detail}) => {
    if (!card.hidden && anchor === detail.anchor) return hide();
    anchor = detail.anchor;
    text.innerHTML = model.state.cards[detail.card] ?? "";  // our own texts, not a user's
    card.hidden = false;
    const box = anchor.getBoundingClientRect();
    const beside = box.left > window.innerWidth / 2;  // what is explained stays in view
    const left = beside ? box.left - card.offsetWidth - 84 : box.left;
    card.style.left = `${Math.max(12, Math.min(left, window.innerWidth - card.offsetWidth - 12))}px`;
    card.style.top = `${Math.max(12, Math.min(beside ? box.top - 8 : box.bottom + 8, window.innerHeight - card.offsetHeight - 36))}px`;
    card.querySelector("button").focus();
  };
  const outside = (event) => {
    const path = event.composedPath();
    if (!path.includes(card) && !path.includes(anchor)) hide();
  };
  const escape = (event) => {
    if (!card.hidden) event.preventDefault();  // the page below keeps what it shows
    hide();
  };
  document.addEventListener("stellar-card", show);
  document.addEventListener("stellar-escape", escape);
  document.addEventListener("pointerdown", outside);

  // ---- notices
  const notices = h("div.notices", {"aria-live": "polite"});
  const say = ({kind, text}) => {
    const grave = kind === "error" || kind === "warning";
    const status = {success: "ok", info: "help", warning: "warning", error: "bad"}[kind];
    const notice = h(`div.notice.${status}`, {role: grave ? "alert" : "status"}, icon(status, 18), h("span", {}, text),
      h("button.icon-button.small", {"aria-label": "Close", onclick: () => notice.remove()}, icon("close", 16)));
    notices.append(notice);
    while (notices.children.length > 4) notices.firstChild.remove();
    setTimeout(() => notice.remove(), grave ? 20_000 : 6_000);
  };

  // ---- wiring
  for (const box of [help, open, read]) {
    box.addEventListener("close", () => {
      delete document.documentElement.dataset.dialog;
    });
  }
  model.on("msg:custom", (event) => {
    const {show: name, hide: gone, received, notice, title, text: lines} = event.data ?? event;
    if (notice) say(notice);
    const box = {help, open, text: read}[name ?? gone];
    if (name === "text") {
      box.setAttribute("aria-label", title);
      box.querySelector("h2").textContent = title;
      page.textContent = lines;
    }
    if (received !== undefined) acknowledge?.(received);
    if (gone) box.close();
    if (!name || box.open) return;
    document.documentElement.dataset.dialog = name;
    box.showModal();
  });
  const draw = () => {
    const {keys: all, keysOn, paths, reason, files} = model.state;
    on.checked = keysOn;
    listen(keysOn);
    list.tBodies[0].replaceChildren(...all.map(([names, what]) => h("tr", {}, h("td", {}, names.map((name) => h("kbd", {}, name))), h("td", {}, what))));
    path.disabled = byPath.disabled = !paths;
    pathReason.textContent = reason;
    pathReason.hidden = paths;
    examples.replaceChildren(...files.map(([title, value]) =>
      h("button.link", {onclick: () => model.send_msg({command: "open_example", value})}, title)));
    if (files.length) examples.prepend(h("span.muted", {}, "Examples: "));
  };
  model.on("state", draw);
  model.on("remove", () => {
    for (const type of ["dragover", "drop", "dragleave"]) document.removeEventListener(type, dragged);
    document.removeEventListener("stellar-card", show);
    document.removeEventListener("stellar-escape", escape);
    document.removeEventListener("pointerdown", outside);
  });
  draw();
  (model.state.notices ?? []).forEach(say);
  return h("div.layer", {}, help, open, read, card, notices);
}
