// The missing-line laboratory: what is hidden, how far the trainings are, what is found.
export function render({model}) {
  const send = (command, value = null) => model.send_msg({command, value});

  // ---- choices: built once, so that a slider that is dragged stays
  const share = h("input", {type: "range", step: 0.05, "aria-label": "Share of the lines that is hidden", oninput: () => { shareText.textContent = `${Math.round(100 * share.value)} %`; }, onchange: () => send("share", Number(share.value))});
  const shareText = h("output");
  const seed = h("input", {type: "text", inputmode: "numeric", autocomplete: "off", "aria-label": "Seed", onchange: () => send("seed", seed.value)});
  const problem = h("p.problem", {role: "alert"});
  const estimate = h("p.muted");
  const startWord = h("span");
  const start = h("button.button.start", {onclick: () => send("start")}, icon("play", 16), startWord);
  const stop = h("button.button", {onclick: () => send("stop")}, icon("stop", 16), "Stop and keep");
  const training = h("button.link", {onclick: () => send("training")}, "Show the run on the Training page");
  const bar = h("i"), progress = h("span.progress", {role: "progressbar", "aria-label": "Progress of the trial", "aria-valuemin": 0, "aria-valuemax": 100}, bar);
  const words = h("p", {role: "status"});
  const stages = h("section", {"aria-label": "Progress"}, progress, words, training);
  const trials = h("div.trials"), trialsPart = h("section", {"aria-label": "Trials so far"}, h("h3", {}, "Trials so far"), trials);
  const left = h("div.left.scroll", {tabindex: 0, role: "region", "aria-label": "Choices"},
    h("section", {}, h("label.line", {}, h("span", {}, "Lines hidden"), share, shareText), h("label.line", {}, h("span", {}, "Seed"), seed), problem,
      h("div.line", {}, start, stop), estimate), stages, trialsPart);

  // ---- what was found
  const COLUMNS = [["wavelength", "λ / Å"], ["depth", "depth"], ["significance", "depth/error"], ["element", "given to"], ["second", "or"], ["own", "line of"], ["word", "answer"]];
  let sorted = "depth", falling = true;
  const verdicts = h("div", {role: "status"}), shares = h("div"), table = h("div.wide.scroll", {tabindex: 0, role: "region", "aria-label": "Candidates"}), matrix = h("div.matrix");
  const origin = h("p.muted"), missed = h("p.muted"), threshold = h("p.muted"), title = h("h3"), sub = h("span.sub");
  let drawn;
  const save = saveMenu("Save the confusion of elements", (kind) => {
    if (kind === "ecsv") send("export_confusion");
    else saveDrawing(kind, drawn, "confusion-of-elements");
  });
  const stub = h("button.button", {title: "ECSV with wavelength and element; lower level, ionisation and log gf are left empty", onclick: () => send("export")}, icon("download", 16), "Line-list stub");
  const right = h("div.right.scroll", {tabindex: 0, role: "region", "aria-label": "What was found"},
    h("section", {}, origin, verdicts, h("div.beside", {}, shares, h("div", {}, h("div.line", {}, h("h3", {}, "Confusion of elements"), h("span.spacer"), save), matrix))), h("section", {}, h("div.line", {}, title, sub, h("span.spacer"), stub), threshold, table, missed));
  const empty = h("div.empty", {}, h("p.strong", {}, "Hide lines from the physics, and see which of them a transfer finds."),
    h("p", {}, "A share of the lines is taken out of the synthetic spectra; the observed ones, noisy and without labels, keep them. Cycle-StarNet is trained on both as usual. Where it then adds a line, there is a candidate; the label that moves it names the element. Here the answer is known, so that you see how far to trust such a list where it is not."));

  const compare = (a, b) => (a[sorted] > b[sorted] ? 1 : a[sorted] < b[sorted] ? -1 : 0) * (falling ? -1 : 1);
  const drawTable = ({candidates}) => {
    const heads = COLUMNS.map(([name, text]) => h("th", {scope: "col", "aria-sort": sorted === name ? (falling ? "descending" : "ascending") : "none"},
      h("button", {onclick: () => { falling = sorted === name ? !falling : name === "depth" || name === "significance"; sorted = name; drawTable(model.state.result); }}, text, sorted === name ? (falling ? " ↓" : " ↑") : "")));
    const rows = [...candidates].sort(compare).map((row) => h("tr", {},
      h("td", {}, h("button.link", {"aria-label": `Look at ${row.wavelength.toFixed(2)} Å`, title: "Look at it on the Elements page", onclick: () => send("line", row.wavelength)}, row.wavelength.toFixed(2))), h("td", {}, row.depth.toFixed(3)), h("td", {}, row.significance.toFixed(0)),
      h("td", {title: `${row.support} of the bootstraps over stars say so; they do not know what training does`}, h("span.strong", {style: `color: var(${row.token})`}, row.element)),
      h("td.muted", {}, row.second), h("td", {}, row.own), h("td", {}, h(`span.state.${row.kind}`, {}, icon(row.kind, 13), row.word))));
    redraw(table, h("table.candidates", {}, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, rows)));
  };
  const drawResult = (result) => {
    right.hidden = !result;
    empty.hidden = Boolean(result);
    if (!result) return;
    title.textContent = result.title;
    sub.textContent = result.sub;
    threshold.textContent = result.threshold;
    redraw(verdicts, result.verdict.map(({kind, text}) => h("p.verdict", {}, h(`span.${kind}`, {}, icon(kind, 15)), h("span", {}, text))));
    redraw(shares, h("table.shares", {}, h("thead", {}, h("tr.muted", {}, ["what", "value", "95 %", "beside it"].map((text) => h("th", {scope: "col"}, text)))),
      h("tbody", {}, result.shares.map(([name, ...cells]) => h("tr", {}, h("th", {scope: "row"}, name), cells.map((text) => h("td", {}, text)))))));
    missed.textContent = result.missed.length ? `Not found: ${result.missed.join("; ")}.` : "No hidden line was missed.";
    drawTable(result);
    drawn = confusionDrawing(result.confusion);
    redraw(matrix, h("p.muted", {}, result.confusion.sentence), h("div.wide", {tabindex: 0, role: "region", "aria-label": "Matrix"}, drawn), confusionTable(result.confusion));
  };

  let seen = "";
  const draw = () => {
    const state = model.state;
    if (!state.share) return;
    const {share: now, seed: text, start: first, progress: far, result} = state;
    Object.assign(share, {min: now.low, max: now.high});
    const focused = left.getRootNode().activeElement;
    if (focused !== share) share.value = now.value;
    if (focused !== seed) seed.value = text;
    shareText.textContent = now.text;
    problem.textContent = state.problem;
    estimate.textContent = state.estimate;
    startWord.textContent = first.text;
    start.disabled = Boolean(first.reason);
    start.title = first.reason;
    stop.hidden = !state.stops;
    origin.textContent = state.origin;
    origin.hidden = !state.origin;
    stages.hidden = !far;
    training.hidden = !state.run;
    if (far) {
      bar.style.width = `${(100 * far.share).toFixed(1)}%`;
      progress.className = `progress ${far.tone}`;
      progress.setAttribute("aria-valuenow", Math.round(100 * far.share));
      words.textContent = far.words;
    }
    trialsPart.hidden = !state.trials.length;
    redraw(trials, state.trials.map(({name, text: label, on}) => h("button.button", {"aria-pressed": String(on), onclick: () => send("trial", name)}, label)));
    const key = JSON.stringify(result);
    if (key !== seen) drawResult(result);
    seen = key;
  };
  model.on("state", draw);
  draw();
  return h("section.card", {"aria-label": "Missing-line laboratory"},
    h("div.title-row", {}, h("h2", {}, "Missing-line laboratory"), helpButton("laboratory"), h("span.sub", {}, "synthetic spectra, known answer"), h("span.spacer"),
      h("button.icon-button.small", {title: "Close", "aria-label": "Close the laboratory", onclick: () => send("close")}, icon("close", 18))),
    h("div.body", {}, left, right, empty));
}
