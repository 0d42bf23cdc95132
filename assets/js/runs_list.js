// All runs of this machine: state, progress, best score; two or more side by side.
export function render({model}) {
  const send = (command, value) => model.send_msg({command, value});
  const compare = h("button.button", {"aria-pressed": "false", onclick: () => send("comparing", !model.state.comparing)}, "Compare");
  const body = h("tbody");
  const table = h("table.runs", {}, h("thead", {}, h("tr", {}, ["run", "method", "state", "", "best val."].map((text) => h("th", {scope: "col"}, text)))), body);
  const empty = h("p.empty.muted");
  const differences = h("div.differences.scroll", {tabindex: 0, role: "region", "aria-label": "How the settings differ"});

  const choose = (run) => send(model.state.comparing ? "compare" : "choose", run.name);
  const row = (run) => {
    const mark = model.state.comparing
      ? h("input", {type: "checkbox", checked: run.on || run.beside, tabindex: -1, "aria-hidden": "true"}) : null;
    const name = h("button.link", {"aria-pressed": String(run.on || run.beside), "aria-label": `${model.state.comparing ? "Compare" : "Look at"} run ${run.name}`}, run.short);
    return h(`tr${run.on ? ".on" : run.beside ? ".beside" : ""}`, {title: run.tip || null, onclick: () => choose(run)},
      h("td.name", {title: run.name}, mark, name), h("td.method", {}, run.method), h(`td.state.${run.tone}`, {}, run.state),
      h("td", {}, h(`span.progress.${run.tone}`, {}, h("i", {style: `width: ${(100 * run.progress).toFixed(0)}%`}))),
      h("td.best", {}, run.best));
  };
  const draw = () => {
    const {runs, comparing, difference, words} = model.state;
    compare.setAttribute("aria-pressed", String(comparing));
    compare.disabled = runs.length < 2;
    compare.title = runs.length < 2 ? "Needs two runs" : "";
    redraw(body, ...runs.map(row));
    empty.textContent = words;
    empty.hidden = !words;
    table.hidden = !runs.length;
    differences.hidden = !difference;
    if (!difference) { differences.replaceChildren(); return; }
    const {names, rows} = difference;
    differences.replaceChildren(h("table", {}, h("caption", {}, rows.length ? "Settings that differ" : "Their settings are the same"),
      rows.length ? h("thead", {}, h("tr", {}, h("th", {scope: "col"}, ""), names.map((name) => h("th", {scope: "col"}, name)))) : null,
      h("tbody", {}, rows.map(([title, ...values]) => h("tr", {}, h("th", {scope: "row"}, title), values.map((value) => h("td", {}, value)))))));
  };
  model.on("state", draw);
  draw();
  return h("section.card", {"aria-label": "Runs"},
    h("div.title-row", {}, h("h2", {}, "Runs"), helpButton("runs"), h("span.spacer"), compare),
    h("div.list.scroll", {tabindex: 0, role: "region", "aria-label": "All runs"}, table, empty), differences);
}
