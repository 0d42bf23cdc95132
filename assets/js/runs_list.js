// All runs of this machine: state, progress, best score; two or more side by side.
export function render({model}) {
  const send = (command, value = null) => model.send_msg({command, value});
  const compare = h("button.button", {"aria-pressed": "false", onclick: () => send("comparing", !model.state.comparing)}, "Compare");
  const body = h("tbody");
  const table = h("table.runs", {}, h("thead", {}, h("tr", {}, ["run", "method", "state", "", "best val."].map((text) => h("th", {scope: "col"}, text)))), body);
  const empty = h("p.empty.muted");
  const differences = h("div.differences.scroll", {tabindex: 0, role: "region", "aria-label": "How the settings differ"});

  const choose = (run) => send(model.state.comparing ? "compare" : "choose", run.name);
  // Rows stay and change: runs move on twice a second, and no click is lost.
  let rows = [];
  const row = (place) => {
    const mark = h("input", {type: "checkbox", tabindex: -1, "aria-hidden": "true"});
    const name = h("button.link"), method = h("td.method"), best = h("td.best");
    const state = h("td"), share = h("i"), bar = h("span.progress", {}, share);
    const label = h("td.name", {}, mark, name);
    const element = h("tr", {onclick: () => choose(model.state.runs[place])}, label, method, state, h("td", {}, bar), best);
    const update = (run, comparing) => {
      const chosen = run.on || run.beside;
      element.className = run.on ? "on" : run.beside ? "beside" : "";
      element.title = run.tip;
      label.title = run.name;
      mark.hidden = !comparing;
      mark.checked = chosen;
      name.textContent = run.short;
      name.setAttribute("aria-pressed", String(chosen));
      name.setAttribute("aria-label", `${comparing ? "Compare" : "Look at"} run ${run.name}`);
      method.textContent = run.method;
      state.className = `state ${run.tone}`;
      state.textContent = run.state;
      bar.className = `progress ${run.tone}`;
      share.style.width = `${(100 * run.progress).toFixed(0)}%`;
      best.textContent = run.best;
    };
    return {element, update};
  };
  const draw = () => {
    const {runs, comparing, difference, words} = model.state;
    compare.setAttribute("aria-pressed", String(comparing));
    compare.disabled = runs.length < 2;
    compare.title = runs.length < 2 ? "Needs two runs" : "";
    if (rows.length !== runs.length) {
      rows = runs.map((run, place) => row(place));
      redraw(body, ...rows.map(({element}) => element));
    }
    runs.forEach((run, place) => rows[place].update(run, comparing));
    empty.textContent = words;
    empty.hidden = !words;
    table.hidden = !runs.length;
    differences.hidden = !difference;
    if (!difference) { differences.replaceChildren(); return; }
    const {names, rows: differing} = difference;
    differences.replaceChildren(h("table", {}, h("caption", {}, differing.length ? "Settings that differ" : "Their settings are the same"),
      differing.length ? h("thead", {}, h("tr", {}, h("th", {scope: "col"}, ""), names.map((name) => h("th", {scope: "col"}, name)))) : null,
      h("tbody", {}, differing.map(([title, ...values]) => h("tr", {}, h("th", {scope: "row"}, title), values.map((value) => h("td", {}, value)))))));
  };
  model.on("state", draw);
  draw();
  return h("section.card", {"aria-label": "Runs"},
    h("div.title-row", {}, h("h2", {}, "Runs"), helpButton("runs"), h("span.spacer"), compare),
    h("div.list.scroll", {tabindex: 0, role: "region", "aria-label": "All runs"}, table, empty), differences);
}
