// How good a transferred model is, and whose zero points it has.
export function render({model}) {
  const send = (command, value = null) => model.send_msg({command, value});
  const close = h("button.icon-button.small", {title: "Close", "aria-label": "Close the scores", onclick: () => send("close")}, icon("close", 18));
  const body = h("div.scroll", {tabindex: 0, role: "region", "aria-label": "Scores of the transfer"});

  // ---- zero points: built once, so that a slider that is dragged stays
  const slider = (title, reach, step, command) => {
    const value = h("output");
    const input = h("input", {type: "range", min: -reach, max: reach, step, value: 0, "aria-label": title});
    let waiting;
    const written = () => { value.textContent = (Number(input.value) > 0 ? "+" : "") + Number(input.value).toFixed(step < 1 ? 2 : 0).replace("-", "−"); };
    input.addEventListener("input", () => {
      written();
      clearTimeout(waiting);
      waiting = setTimeout(() => send(command, Number(input.value)), 80);
    });
    const set = (number) => { input.value = number; written(); };
    return {input, value, set};
  };
  const teff = slider("Shift of the assumed Teff, K", 100, 5, "teff");
  const amount = slider("Shift of the assumed abundance, dex", 0.2, 0.01, "amount");
  const element = h("select", {"aria-label": "Element", onchange: () => send("element", element.value)});
  const reset = h("button.button", {onclick: () => send("reset")}, "Reset");
  const moved = h("p.strong", {role: "status"});
  const retraining = h("div");
  const zero = h("section", {"aria-label": "Zero points"}, h("h3", {}, "Zero points"),
    h("p", {}, "Unpaired spectra cannot set zero points: labels through the transfer are those of the label distribution that its training assumed. Shift it, and watch the labels of the star follow while no score moves."),
    h("div.shift", {}, h("span", {}, "Teff / K"), teff.input, teff.value), h("div.shift", {}, element, amount.input, amount.value),
    h("div.line", {}, moved, h("span.spacer"), reset), retraining);

  // ---- label errors: rms or bias
  let what = "rms";
  const switcher = h("span.segments", {role: "group", "aria-label": "Errors as"});
  const errors = h("section", {"aria-label": "Errors of labels"});
  const scores = h("section", {"aria-label": "Scores"});
  const rest = h("div");
  body.append(scores, zero, errors, rest);

  const word = (kind, text) => h(`span.state${kind ? `.${kind}` : ""}`, {}, kind ? icon(kind, 13) : null, text);
  const scoreRows = ({title, numbers, kind, word: text, sentence}) => [
    h("tr.first", {}, h("th", {scope: "row"}, title), numbers.map((number) => h("td", {}, number)), h("td", {}, word(kind, text))),
    h("tr", {}, h("td.sentence.muted", {colspan: 5}, sentence))];
  const drawScores = ({kind, verdict, scores: rows}) => redraw(scores, h("h3", {}, "Scores"),
    h("p.verdict", {}, h(`span.${kind}`, {}, icon(kind, 15)), h("span", {}, verdict)),
    rows.length ? h("table", {}, h("thead", {}, h("tr.muted", {}, ["score", "value", "baseline", "ceiling", "state"].map((text) => h("th", {scope: "col"}, text)))),
      h("tbody", {}, rows.flatMap(scoreRows))) : "");

  const drawErrors = () => {
    const {ways, errors: rows, comparisons} = model.state;
    errors.hidden = !ways.length;
    redraw(switcher, ["rms", "bias"].map((text) => h("button", {"aria-pressed": String(what === text), onclick: () => { what = text; drawErrors(); }}, text)));
    redraw(errors, h("div.line", {}, h("h3", {}, "Errors of labels"), h("span.spacer"), switcher),
      h("p.muted", {}, "Against the truth of the test stars, abundances as [X/Fe]; the least rms is bold. Only this table says whether labels improve."),
      h("ul", {}, comparisons.map((text) => h("li", {}, text))),
      h("div.wide", {tabindex: 0, role: "region", "aria-label": "Table of label errors"}, h("table.errors", {},
        h("thead", {}, h("tr.muted", {}, h("th", {scope: "col"}, "label"), ways.map(({name, own}) => h(`th.way${own ? ".own" : ""}`, {scope: "col"}, name)))),
        h("tbody", {}, rows.map((row) => h("tr.first", {}, h("th", {scope: "row"}, row.title, row.unit ? h("span.faint", {}, ` / ${row.unit}`) : null),
          row[what].map((text, i) => h(`td${what === "rms" && i === row.best ? ".strong" : ""}`, {}, text))))))));
  };

  const drawRest = ({treatment, departures}) => redraw(rest,
    h("section", {"aria-label": "Fit"}, h("h3", {}, "How it is fitted"), h("p", {}, treatment)),
    departures.length ? h("section", {"aria-label": "Departures"}, h("h3", {}, "Departures from the paper"),
      h("dl", {}, departures.flatMap(([sentence, reason]) => [h("dt", {}, sentence), h("dd.muted", {}, reason)]))) : "");

  const drawZero = (state) => {
    if (body.getRootNode().activeElement !== teff.input) teff.set(state.teff);
    if (body.getRootNode().activeElement !== amount.input) amount.set(state.amount);
    element.replaceChildren(...state.elements.map(([name, title]) => h("option", {value: name, selected: name === state.element}, title)));
    moved.textContent = state.moved ? `Shifted by ${state.moved}.` : "As trained.";
    reset.disabled = !state.moved;
    const found = state.retraining;
    redraw(retraining, found ? [h("p", {}, "Measured, by training anew with a shifted distribution and fitting the test stars again:"),
      h("ul", {}, found.labels.map((text) => h("li", {}, text))),
      h("table", {}, h("thead", {}, h("tr.muted", {}, ["score", "before", "after"].map((text) => h("th", {scope: "col"}, text)))),
        h("tbody", {}, found.scores.map(([name, before, after]) => h("tr.first", {}, h("th", {scope: "row"}, name), h("td", {}, before), h("td", {}, after)))))] : []);
  };

  const seen = {};
  const changed = (name, part) => {
    const text = JSON.stringify(part);
    const isNew = seen[name] !== text;
    seen[name] = text;
    return isNew;
  };
  const draw = () => {
    const state = model.state;
    if (!state.name) return;
    if (changed("scores", [state.kind, state.verdict, state.scores])) drawScores(state);
    if (changed("errors", [state.ways, state.errors])) drawErrors();
    if (changed("rest", [state.treatment, state.departures])) drawRest(state);
    drawZero(state);
  };
  model.on("state", draw);
  model.on("msg:custom", (event) => {
    if ((event.data ?? event).show === "zero") zero.scrollIntoView({block: "start"});
  });
  draw();
  return h("section.card", {"aria-label": "How good is the transfer?"},
    h("div.title-row", {}, h("h2", {}, "How good is the transfer?"), helpButton("transfer"), h("span.spacer"), close), body);
}
