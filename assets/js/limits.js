// What this spectrum can tell: the best possible errors, how they go together, and what
// a small fault of the spectrum would do to the labels.
const LOW = 0.003, HIGH = 1, TICKS = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5];
const USEFUL = 0.05;  // dex
const LEFT = 34, RIGHT = 44, AXIS = 34, LEAST = 10.5;

const text = (content, attributes) => drawing("text", {"font-size": 11, fill: "var(--ink2)", ...attributes}, content);
const rule = (x1, y1, x2, y2, color, width = 1, more = {}) =>
  drawing("line", {x1, y1, x2, y2, stroke: `var(--${color})`, "stroke-width": width, ...more});

// Ticks and the title of an axis, below what is drawn; stays in view while rows scroll.
function axisDrawing(width, top, ticks, middle, title) {
  const axis = drawing("g", {class: "axis", transform: `translate(0 ${top})`}, drawing("rect", {x: 0, y: 0, width, height: AXIS, fill: "var(--surface)"}));
  ticks.forEach(([x, word]) => axis.append(text(word, {x, y: 13, "text-anchor": "middle"})));
  axis.append(text(title, {x: middle, y: 29, "text-anchor": "middle", "font-size": 12}),
    text("", {class: "more", x: width - 4, y: 29, "text-anchor": "end", fill: "var(--ink)"}));
  return axis;
}

// Every element's limit as a dot, between those at half and at almost twice the S/N.
function limitsDrawing({rows}, width, height) {
  const right = width - RIGHT, bottom = height - AXIS;
  const x = (sigma) => LEFT + (right - LEFT) * Math.log(Math.max(LOW, Math.min(HIGH, sigma)) / LOW) / Math.log(HIGH / LOW);
  const step = bottom / Math.max(rows.length, 1);
  const svg = drawing("svg", {width, height, role: "img", "aria-label": "Best possible sigma of each element, in dex"});
  svg.append(drawing("rect", {x: LEFT, y: 0, width: x(USEFUL) - LEFT, height: bottom, fill: "var(--ok-ground)"}));
  for (const tick of TICKS) svg.append(rule(x(tick), 0, x(tick), bottom, "rule"));
  rows.forEach(({title, token, sigma, before, text: value, tip}, place) => {
    const y = (place + 0.5) * step;
    const line = drawing("g", {}, drawing("title", {}, tip));
    line.append(drawing("rect", {x: 0, y: y - step / 2, width, height: step, fill: "transparent"}),
      text(title, {x: LEFT - 6, y: y + 4, "text-anchor": "end", "font-size": Math.min(12, step + 0.5)}));
    if (sigma != null) {
      const useful = sigma < USEFUL;
      line.append(rule(x(sigma / 1.78), y, x(sigma / 0.5), y, "masked-ink", 2));
      if (before != null && x(sigma) - x(before) > 1) {
        line.append(rule(x(before), y, x(sigma), y, "picked", 2),
          drawing("circle", {cx: x(before), cy: y, r: 3.5, fill: "var(--surface)", stroke: `var(--${token})`, "stroke-width": 1.5}));
      }
      line.append(drawing("circle", {cx: x(sigma), cy: y, r: Math.min(4.5, 0.36 * step), fill: useful ? `var(--${token})` : "var(--ink3)"}));
    }
    line.append(text(value, {x: width - 4, y: y + 4, "text-anchor": "end", fill: sigma != null && sigma < USEFUL ? "var(--ok)" : "var(--ink2)"}));
    svg.append(line);
  });
  svg.append(axisDrawing(width, bottom, TICKS.map((tick) => [x(tick), String(tick)]), (LEFT + right) / 2, "best possible σ[X/H] / dex"));
  return svg;
}

// How the errors of two labels go together; nothing is the ground, hue is the sign.
function matrixDrawing({matrix: {titles, tokens, values}}, width, height) {
  const top = 4, n = titles.length, left = 36;
  const cell = Math.min((width - left - 4) / n, (height - top - 40) / n);
  const svg = drawing("svg", {width, height: Math.ceil(top + n * cell + 38), role: "img", "aria-label": "Correlations of the errors of labels"});
  const size = Math.min(11, cell);
  titles.forEach((title, i) => {
    const middle = (i + 0.5) * cell;
    svg.append(text(title, {x: left - 4, y: top + middle + 0.36 * size, "text-anchor": "end", "font-size": size, fill: `var(--${tokens[i]})`}),
      text(title, {"text-anchor": "end", "font-size": size, fill: `var(--${tokens[i]})`, transform: `translate(${left + middle + 0.36 * size} ${top + n * cell + 5}) rotate(-90)`}));
    values[i].forEach((value, j) => {
      if (value == null) return;
      const word = `${titles[i]}, ${titles[j]}: ${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
      svg.append(drawing("rect", {x: left + j * cell, y: top + i * cell, width: cell - 0.7, height: cell - 0.7,
        fill: `var(--${i === j ? "masked-ground" : value < 0 ? "zscore-negative" : "zscore-positive"})`,
        "fill-opacity": i === j ? 1 : Math.abs(value).toFixed(2)}, drawing("title", {}, word)));
    });
  });
  return svg;
}

// Predicted shifts of labels in units of their sigma as bars, a refit as a diamond.
function shiftsDrawing({whatIf: {rows}}, width, height) {
  const reach = Math.max(1, ...rows.map(({share, again}) => Math.max(Math.abs(share), Math.abs(again ?? 0))));
  const value = 84, left = 40, right = width - value, middle = (left + right) / 2, bottom = height - AXIS;
  const scale = (right - left) / 2 / reach, step = Math.max(11, Math.min(20, bottom / Math.max(rows.length, 1)));
  const svg = drawing("svg", {width, height: Math.ceil(rows.length * step) + AXIS, role: "img", "aria-label": "Shifts of labels"});
  const foot = rows.length * step;
  svg.append(drawing("rect", {x: middle - scale, y: 0, width: 2 * scale, height: foot, fill: "var(--masked-ground)"}), rule(middle, 0, middle, foot, "axis"));
  const places = reach > 1.6 ? [-reach, -1, 1, reach] : [-1, 1];
  const written = (tick) => `${tick < 0 ? "−" : ""}${Math.abs(tick) < 10 ? Number(Math.abs(tick).toFixed(1)) : Math.round(Math.abs(tick))}`;
  rows.forEach(({title, token, share, text: words, again, againText}, place) => {
    const y = (place + 0.5) * step, end = middle + share * scale;
    svg.append(drawing("g", {}, drawing("title", {}, `${title} ${words}${againText ? `, refit ${againText}` : ""}`),
      drawing("rect", {x: 0, y: y - step / 2, width, height: step, fill: "transparent"}),
      text(title, {x: left - 6, y: y + 4, "text-anchor": "end"}),
      drawing("rect", {x: Math.min(middle, end), y: y - 0.3 * step, width: Math.max(Math.abs(end - middle), 1), height: 0.6 * step, fill: `var(--${token})`}),
      again == null ? "" : drawing("path", {d: `M${middle + again * scale} ${y - 5}l4 5 -4 5 -4 -5z`, fill: "var(--surface)", stroke: "var(--ink)", "stroke-width": 1.3}),
      text(words, {x: width - 4, y: y + 4, "text-anchor": "end"})));
  });
  svg.append(axisDrawing(width, foot, places.map((tick) => [middle + tick * scale, written(tick)]), middle, "shift / σ of the fit"));
  return svg;
}

const DRAWN = {limits: limitsDrawing, correlations: matrixDrawing, "what if": shiftsDrawing};

export function render({model}) {
  const send = (command, value = null) => model.send_msg({command, value});
  const views = h("span.segments", {role: "group", "aria-label": "View"});
  const bars = h("span.bars.muted");
  const slider = h("input", {type: "range", step: 1, "aria-label": "S/N per pixel"});
  const value = h("span.strong");
  const pixels = h("select", {"aria-label": "Pixels that count", onchange: () => send("pixels", pixels.value)});
  const masked = h("span.masked");
  const snr = h("label.row", {}, h("span.muted", {}, "S/N"), slider, value, bars);
  const counting = h("div.row.counting", {}, h("span.muted", {}, "masked"), masked);
  const faults = h("div.row.faults"), refit = h("div.row.refit");
  const plot = h("div.plot.scroll", {tabindex: 0, role: "region", "aria-label": "Limits"});
  const others = h("div.others.muted"), notes = h("div.notes.muted"), sentence = h("p.visually-hidden"), empty = h("div.empty.muted");
  let svg = null, timer = null;
  const save = saveMenu("Save limits", (kind) => kind === "ecsv" ? send("numbers") : svg && saveDrawing(kind, svg, model.state.file));

  // the slider sends what it was moved to last, at most every 40 ms
  slider.addEventListener("input", () => {
    value.textContent = slider.value;
    timer ??= setTimeout(() => { timer = null; send("snr", Number(slider.value)); }, 40);
  });

  const segments = (label, options, chosen, command) => h("span.segments", {role: "group", "aria-label": label},
    options.map(([own, word]) => h("button", {"aria-pressed": String(own === chosen), onclick: () => send(command, own)}, word)));
  const paint = () => {
    const state = model.state;
    const box = plot.getBoundingClientRect();
    const shown = !state.empty && box.width > 40 && !(state.view === "what if" && state.whatIf.reason);
    svg = shown ? DRAWN[state.view](state, box.width - 2, Math.max(box.height - 2, LEAST * state.rows.length + AXIS)) : null;
    plot.replaceChildren(...(svg ? [svg] : []));
    holdAxis();
  };
  // the axis is drawn at the foot of all rows, and moved up to where the card ends
  const holdAxis = () => {
    const axis = svg?.querySelector(".axis");
    if (!axis) return;
    const foot = svg.getAttribute("height") - AXIS;
    const top = Math.min(foot, plot.scrollTop + plot.clientHeight - AXIS);
    axis.setAttribute("transform", `translate(0 ${top})`);
    const {view, rows, whatIf} = model.state;
    const all = view === "what if" ? whatIf.rows : rows;
    const more = Math.ceil((foot - top) / foot * all.length - 0.2);
    axis.querySelector(".more").textContent = more ? `▾ ${more} more` : "";
  };
  plot.addEventListener("scroll", holdAxis);
  const drawFaults = ({whatIf}) => {
    faults.hidden = refit.hidden = !whatIf;
    if (!whatIf) return;
    const {options, what, sign, amount, meaning, reason, busy, confirmed, agreement, prediction} = whatIf;
    redraw(faults, segments("What is wrong", options, what, "what"), segments("Sign", [[-1, "−"], [1, "+"]], sign, "sign"), h("span.amount.strong", {title: meaning}, amount));
    const why = reason || (busy ? "fitting …" : confirmed ? agreement : prediction);
    redraw(refit, h("button.button", {disabled: Boolean(reason) || busy, title: reason || "Fit the changed spectrum", onclick: () => send("refit")}, "Refit"), h("span.muted.why", {role: "status"}, why));
  };
  const draw = () => {
    const state = model.state;
    redraw(views, state.views.map((own) => h("button", {"aria-pressed": String(own === state.view), onclick: () => send("view", own)}, own)));
    bars.textContent = state.view === "limits" ? state.bars ?? "" : "";
    [slider.min, slider.max] = state.range;
    if (slider.getRootNode().activeElement !== slider) slider.value = state.snr;
    value.textContent = slider.value;
    pixels.replaceChildren(...state.pixelChoices.map(([own, word]) => h("option", {value: own, selected: own === state.pixels}, word)));
    redraw(masked, state.masked.map((name, place) => h("button.chip.lost", {title: "Masked: click to count it again", onclick: () => send("unmask", place)}, name, icon("close", 12))));
    const asks = state.view === "what if", nothing = state.empty !== "";
    snr.hidden = pixels.hidden = asks || nothing;
    views.hidden = save.hidden = nothing;
    counting.hidden = asks || nothing || !state.masked.length;
    drawFaults(state);
    empty.textContent = state.empty;
    empty.hidden = !state.empty;
    others.textContent = state.view === "limits" ? state.others ?? "" : "";
    notes.replaceChildren(...(state.view === "correlations" ? state.notes ?? [] : []).map((note) => h("p", {}, note)));
    sentence.textContent = state.sentence ?? "";
    paint();
  };
  model.on("state", draw);
  model.on("msg:custom", (event) => {
    const {filename, text: content} = event.data ?? event;
    if (filename) saveBlob(new Blob([content]), filename);
  });
  const watcher = new ResizeObserver(() => paint());
  watcher.observe(plot);
  model.on("remove", () => watcher.disconnect());
  draw();
  return h("section.card", {"aria-label": "What can this spectrum tell?"},
    h("div.title-row", {}, h("h2", {}, "What can this spectrum tell?"), helpButton("limits"), h("span.spacer"), save),
    h("div.row.views", {}, views, h("span.spacer"), pixels), snr, counting, faults, refit, empty, plot, others, notes, sentence);
}
