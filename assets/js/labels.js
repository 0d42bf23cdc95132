// Labels of one star: reference, value ± σ of every model, and pull bars.
const WIDTH = 112, ROW = 17, CLIP = 4;

function bar(pull, token) {
  const scale = WIDTH / (2 * CLIP), middle = WIDTH / 2;
  const guide = (z) => drawing("line", {x1: middle + z * scale, x2: middle + z * scale, y1: 0, y2: ROW, stroke: "var(--masked-ink)", "stroke-dasharray": "2 2"});
  const end = middle + Math.max(-CLIP, Math.min(CLIP, pull)) * scale;
  const text = `Δ/σ ${pull > 0 ? "+" : "−"}${Math.abs(pull).toFixed(1)}`;
  return drawing("svg", {width: WIDTH, height: ROW, role: "img", "aria-label": text},
    drawing("title", {}, text),
    drawing("rect", {x: middle - scale, y: 0, width: 2 * scale, height: ROW, fill: "var(--masked-ground)"}),
    guide(-3), guide(3),
    drawing("line", {x1: middle, x2: middle, y1: 0, y2: ROW, stroke: "var(--axis)"}),
    drawing("rect", {x: Math.min(middle, end), y: 4, width: Math.max(Math.abs(end - middle), 1.5), height: 9, rx: 1, fill: `var(--${token})`}));
}

function row(label, models) {
  const values = label.cells.map((cell, i) =>
    h(`div.value${Math.abs(cell.pull) > 3 ? ".loud" : ""}`, {title: models[i].title},
      h(`span.glyph${models[i].glyph === "▲" ? ".large" : ""}`, {style: `color: var(--${models[i].token})`, "aria-hidden": "true"}, models[i].glyph),
      h("span.visually-hidden", {}, models[i].title), h("span", {}, cell.text)));
  const pulls = label.cells.map((cell, i) =>
    cell.pull == null ? h("div.none.faint", {}, cell.empty) : h("div.pull", {}, bar(cell.pull, models[i].token)));
  return h("tr.label", {},
    h("th.name", {scope: "row"}, h("span.strong", {}, label.title), label.unit ? h("span.faint", {}, ` / ${label.unit}`) : null,
      h("div.reference", {}, h("span.muted", {}, `◇ ${label.reference}`), label.referenceSigma ? h("span.faint", {}, ` ± ${label.referenceSigma}`) : null)),
    h("td.values", {}, values), h("td.pulls", {}, pulls));
}

export function render({model}) {
  const scale = (on, text) => h("button", {"aria-pressed": String(model.state.xFe === on), disabled: model.state.canSwitch ? null : true,
    title: model.state.canSwitch ? null : "Needs [Fe/H] among the labels",
    onclick: () => model.send_msg({command: "x_fe", value: on})}, text);
  const switcher = h("span.segments", {role: "group", "aria-label": "Abundance scale"});
  const body = h("tbody");
  const note = h("div.note");
  const zero = h("div.zero.muted", {hidden: true});
  const draw = () => {
    const {models, rows, notes} = model.state;
    redraw(switcher, scale(false, "[X/H]"), scale(true, "[X/Fe]"));
    body.replaceChildren(...rows.map((entry) => entry.family
      ? h("tr.family", {}, h("th", {scope: "rowgroup", colspan: 3}, h("i", {style: `background: var(--${entry.token})`}), entry.family))
      : row(entry, models)));
    note.replaceChildren(...notes.map(({kind, text}) => h("div", {}, h(`span.${kind}`, {}, icon(kind, 15)), h("span", {}, text))));
    note.hidden = !notes.length;
    zero.hidden = !model.state.zero;
    redraw(zero, h("span", {}, model.state.zero ?? ""), h("button.button", {onclick: () => model.send_msg({command: "zero_points"})}, "Shift"));
  };
  model.on("state", draw);
  draw();
  return h("section.card", {"aria-label": "Labels"},
    h("div.title-row", {}, h("h2", {}, "Labels"), helpButton("labels"), h("span.spacer"), switcher),
    h("div.head.muted", {"aria-hidden": "true"}, h("span.c1", {}, "label, ◇ ref."), h("span.c2", {}, "value ± σ"), h("span.c3", {}, h("span", {}, "−3"), h("span", {}, "Δ/σ"), h("span", {}, "+3"))),
    h("div.scroll", {tabindex: 0, role: "region", "aria-label": "Table of labels"}, h("table", {}, body)), zero, note);
}
