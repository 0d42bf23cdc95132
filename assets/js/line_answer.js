// What is this line? The answer of every model at the picked pixel as bars, how sure it
// is, and what the line list has there.
const NAME = 52, NUMBER = 40, ROW = 20, BAR = 4;

function answerDrawing({rows, models}, width) {
  const svg = drawing("svg", {width, height: rows.length * ROW, role: "img", "aria-label": "Share of the strongest label, by model"});
  const right = width - NUMBER, length = right - NAME;
  const word = (content, attributes) => drawing("text", {"font-size": 12, ...attributes}, content);
  rows.forEach(({title, token, shares, text}, place) => {
    const top = place * ROW, middle = top + ROW / 2, first = middle - (models.length * (BAR + 1)) / 2;
    const line = drawing("g", {}, drawing("title", {}, shares.map((share, k) => `${models[k].name} ${share == null ? "does not know it" : share.toFixed(2)}`).join(", ")),
      drawing("rect", {x: 0, y: top, width, height: ROW, fill: "transparent"}),
      word(title, {x: 0, y: middle + 4, fill: `var(--${token})`}));
    shares.forEach((share, k) => {
      if (share != null) line.append(drawing("rect", {x: NAME, y: first + k * (BAR + 1), width: Math.max(share * length, 1), height: BAR - 0.5, fill: `var(--${models[k].token})`}));
    });
    line.append(word(text, {x: width, y: middle + 4, "text-anchor": "end", fill: "var(--ink)"}));
    svg.append(line);
  });
  return svg;
}

export function render({model}) {
  const send = (command, value = null) => model.send_msg({command, value});
  const legend = h("span.legend"), body = h("div.body.scroll", {tabindex: 0, role: "region", "aria-label": "Answer"});
  let svg = null;
  const save = saveMenu("Save the answer", (kind) => kind === "ecsv" ? send("numbers") : svg && saveDrawing(kind, svg, model.state.file));

  const nothing = ({example, waits, why}) => h("div.empty", {}, icon("touch", 40), h("p.strong", {}, waits ? "Nothing to pick yet" : "Pick a pixel"),
    h("p.muted", {}, waits ? why : "Click the middle of a dip, or a cell of the map. You will see which labels move that pixel, and how surely."),
    !waits && example ? h("button.button", {onclick: () => send("pick", example.pixel)}, example.text) : null,
    waits ? null : h("p.muted.hint", {}, "or ", keys("N"), " next unexplained residual"));
  const lineRow = ({wavelength, species, excitation, log_gf: gf, share}) => h("tr", {title: `about ${share} of the listed absorption at this pixel`},
    h("td", {}, wavelength), h("td.strong", {}, species), h("td.muted", {}, excitation), h("td.muted", {}, gf), h("td.share.muted", {}, share));
  const answered = ({title, place, verdict, lines, note, element, known, masked}, plot) => [
    h("div.head", {}, h("span.title", {}, title), h("span.spacer"),
      h(`span.chip.${verdict.kind}`, {role: "status", title: verdict.tip}, icon(verdict.kind, 14), verdict.text)),
    h("div.muted.place", {}, place),
    plot.firstChild ? h("div.axis.muted", {}, "|∂f/∂label| · σ(label), share of the strongest") : null, plot,
    lines.length ? h("table.lines", {"aria-label": "Listed lines here"}, h("tbody", {}, lines.map(lineRow))) : null,
    note ? h("p.note.muted", {}, note) : null,
    h("div.actions", {},
      h("button.button", {disabled: !known, title: known ? null : element ? `the model that is drawn has no label for ${element}` : "no element is named here", onclick: () => send("show_all")}, `Show all ${element ?? ""}`),
      h("button.button", {"aria-pressed": String(masked), disabled: !element && !masked, title: element || masked ? null : "no element is named here", onclick: () => send("mask")}, masked ? "Count this line again" : "Mask this line")),
    masked ? h("p.note.muted", {role: "status"}, "This line is left out of the limits below.") : null];

  const draw = () => {
    const state = model.state;
    save.hidden = !state.picked;
    legend.replaceChildren(...(state.models ?? []).map(({name, title, token}) => h("span", {title, style: `color: var(--${token})`}, h("i", {style: `background: var(--${token})`}), name)));
    if (!state.picked) {
      svg = null;
      redraw(body, nothing(state));
      return;
    }
    const width = (body.clientWidth || 340) - 24;
    svg = state.rows.length ? answerDrawing(state, width) : null;
    redraw(body, answered(state, h("div.plot", {}, svg ?? [])).filter(Boolean));
  };
  model.on("state", draw);
  model.on("msg:custom", (event) => {
    const {filename, text} = event.data ?? event;
    if (filename) saveBlob(new Blob([text]), filename);
  });
  const watcher = new ResizeObserver(() => { if (svg && Math.abs(svg.getBoundingClientRect().width - body.clientWidth + 24) > 1) draw(); });
  watcher.observe(body);
  model.on("remove", () => watcher.disconnect());
  draw();
  return h("section.card", {"aria-label": "What is this line?"},
    h("div.title-row", {}, h("h2", {}, "What is this line?"), helpButton("line_answer"), h("span.spacer"), legend, save), body);
}
