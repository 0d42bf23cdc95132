// The title of a card with figures: what it shows now, choices, a status, and saving.
// A sentence and a table say the same to those who cannot see the figures.
export function render({model}) {
  const send = (command, value = null) => model.send_msg({command, value});
  const {title, card} = model.state;
  const sub = h("span.sub"), legend = h("span.legend"), note = h("span.note.muted"), choices = h("span.choices"), chips = h("span.chips", {role: "status", "aria-label": `Status of ${title}`});
  const text = h("p"), numbers = h("div");
  const save = saveMenu(`Save ${title.toLowerCase()}`, (kind) => {
    const {file, figures, words = [], legend: named = [], sub: place} = model.state;
    if (kind === "ecsv") return send("numbers");
    savePicture(kind, {title: file ?? title, figures, words: [{text: place ?? "", token: "ink2"}, ...words, ...named.map(([text, token]) => ({text, token}))]});
  });
  const choice = ({command, label, value, options}) => h("span.segments", {role: "group", "aria-label": label},
    options.map(([own, word, tip]) => h("button", {"aria-pressed": String(own === value), title: tip ?? null, onclick: () => send(command, own)}, word)));
  const table = ({head, rows}) => h("table", {},
    h("thead", {}, h("tr", {}, head.map((word) => h("th", {scope: "col"}, word)))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map((word) => h("td", {}, word))))));
  const draw = () => {
    const state = model.state;
    sub.textContent = sub.title = state.sub ?? "";
    note.textContent = note.title = state.note ?? "";
    legend.replaceChildren(...(state.legend ?? []).map(([word, token]) => h("span", {style: `color: var(--${token})`}, word)));
    redraw(choices, (state.choices ?? []).map(choice));
    chips.replaceChildren(...(state.chips ?? []).map(({kind, text: word, tip}) => h(`span.chip.${kind}`, {title: tip || null}, icon(kind, 14), word)));
    text.textContent = state.sentence ?? "";
    numbers.replaceChildren(state.table ? table(state.table) : "");
    save.hidden = !state.figures?.length;
  };
  model.on("state", draw);
  model.on("msg:custom", (event) => {
    const {filename, text: content} = event.data ?? event;
    if (filename) saveBlob(new Blob([content]), filename);
  });
  draw();
  return h("div.title-row.figure-title", {}, h("h2", {}, title), helpButton(card), sub, h("span.spacer"), note, legend, choices, chips, save,
    h("div.visually-hidden", {}, text, numbers));
}
