// The title of a card with figures: what it shows now, choices, a status, and saving.
// A sentence and a table say the same to those who cannot see the figures.
export function render({model}) {
  const send = (command, value = null) => model.send_msg({command, value});
  const {title, card} = model.state;
  const heading = h("h2", {}, title), scale = h("span.scale", {"aria-hidden": "true"});
  const sub = h("span.sub"), legend = h("span.legend"), note = h("span.note.muted"), choices = h("span.choices"), chips = h("span.chips", {role: "status", "aria-label": `Status of ${title}`});
  const text = h("p"), numbers = h("div");
  const save = saveMenu(`Save ${title.toLowerCase()}`, (kind) => {
    const {file, figures, words = [], legend: named = [], sub: place} = model.state;
    if (kind === "ecsv") return send("numbers");
    savePicture(kind, {title: file ?? title, figures, words: [{text: place ?? "", token: "ink2"}, ...words, ...named.map(([text, token]) => ({text, token}))]});
  });
  const menu = ({command, label, value, options}) => {
    const select = h("select", {"aria-label": label, onchange: () => send(command, select.value)}, options.map(([own, word]) => h("option", {value: own, selected: own === value}, word)));
    return h("label.field.menu-field", {}, h("span.muted", {}, label), select);
  };
  const choice = (each) => !each.options.length ? "" : each.menu ? menu(each) : segments(each);
  const segments = ({command, label, value, options}) => h("span.segments", {role: "group", "aria-label": label},
    options.map(([own, word, tip]) => h("button", {"aria-pressed": String(own === value), title: tip ?? null, onclick: () => send(command, own)}, word)));
  const table = ({head, rows}) => h("table", {},
    h("thead", {}, h("tr", {}, head.map((word) => h("th", {scope: "col"}, word)))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map((word) => h("td", {}, word))))));
  const act = ({command, word, tip, reason}) => h("button.button", {disabled: reason !== "", title: reason || tip, onclick: () => send(command)}, word);
  let offered = "";  // a menu that is open stays so while other things change
  let shown = null;
  const draw = () => {
    const state = model.state;
    heading.textContent = state.title ?? title;
    scale.hidden = !state.scale;
    if (state.scale) scale.replaceChildren(state.scale.ends[0], h("i", {style: `background: linear-gradient(to right, ${state.scale.colors.join(", ")})`}), state.scale.ends[1]);
    sub.textContent = sub.title = state.sub ?? "";
    note.textContent = note.title = state.note ?? "";
    legend.replaceChildren(...(state.legend ?? []).map(([word, token]) => h("span", {style: `color: var(--${token})`}, word)));
    const {choices: own = [], actions = []} = state;
    if (offered !== JSON.stringify([own, actions])) {
      offered = JSON.stringify([own, actions]);
      redraw(choices, [...actions.map(act), ...own.map(choice)]);
    }
    chips.replaceChildren(...(state.chips ?? []).map(({kind, text: word, tip}) => h(`span.chip.${kind}`, {title: tip || null}, icon(kind, 14), word)));
    text.textContent = state.sentence ?? "";
    const written = JSON.stringify(state.table ?? null);
    if (written !== shown) numbers.replaceChildren(state.table ? table(state.table) : "");
    shown = written;
    save.hidden = !state.figures?.length;
  };
  model.on("state", draw);
  model.on("msg:custom", (event) => {
    const {filename, text: content} = event.data ?? event;
    if (filename) saveBlob(new Blob([content]), filename);
  });
  draw();
  return h("div.title-row.figure-title", {}, heading, helpButton(card), sub, h("span.spacer"), note, legend, choices, scale, chips, save,
    h("div.visually-hidden", {}, text, numbers));
}
