// The title of the spectrum: which piece, the models as toggles, residual mode, reset,
// and what can be saved: the picture as it stands, or the numbers behind it.
export function render({model}) {
  const send = (command, value = null) => model.send_msg({command, value});
  const sub = h("span.sub");
  const legend = h("span.legend", {role: "group", "aria-label": "Models"});
  const mode = ["z", "Δ flux"].map((text, index) =>
    h("button", {title: index ? "Flux differences (R)" : "z-scores (R)", onclick: () => send("residual", index === 1)}, text));
  const reset = h("button.icon-button", {"aria-label": "Whole piece again", title: "Whole piece again (0)", onclick: () => send("reset")}, icon("refresh"));

  const entry = (text, save) => h("button.entry", {role: "menuitem", onclick: () => { close(); save(); }}, text);
  const menu = h("div.menu", {role: "menu", hidden: true},
    entry("Picture, PNG", () => savePicture("png", model.state)),
    entry("Picture, SVG", () => savePicture("svg", model.state)),
    entry("Numbers, ECSV", () => send("numbers")));
  const opener = h("button.icon-button", {"aria-label": "Save spectrum", title: "Save spectrum", "aria-haspopup": "menu", "aria-expanded": "false", onclick: () => toggle()}, icon("download"));
  const toggle = () => {
    menu.hidden = !menu.hidden;
    opener.setAttribute("aria-expanded", !menu.hidden);
    if (!menu.hidden) menu.firstChild.focus();
  };
  const close = () => { menu.hidden = true; opener.setAttribute("aria-expanded", "false"); };
  menu.addEventListener("keydown", (event) => {
    const entries = [...menu.children];
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
    if (step) entries.at((entries.indexOf(event.target) + step) % entries.length).focus();
    else if (event.key === "Escape") { close(); opener.focus(); } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  const leave = () => { if (!menu.contains(menu.getRootNode().activeElement)) close(); };
  menu.addEventListener("focusout", () => setTimeout(leave, 100));

  const swatch = (token, dash) => h("i.swatch", {style: dash ? `border-top: 3px dashed var(--${token})` : `background: var(--${token})`});
  const draw = () => {
    const state = model.state;
    sub.textContent = state.sub;
    redraw(legend,
      h("span.observed", {}, swatch("observed"), "observed ± σ"),
      ...state.models.flatMap(({name, token, dash, shown, scored}, index) => [
        h("button.model", {"aria-pressed": String(shown), style: `color: var(--${token})`, title: `${shown ? "Hide" : "Show"} ${name} (${index + 1})`, onclick: () => send("model", index)},
          swatch(token, dash), name, keys(String(index + 1))),
        scored && shown ? h("button.icon-button.small.scores", {"aria-label": "How good is the transfer?", title: "How good is the transfer?", onclick: () => send("transfer")}, icon("scores", 16)) : ""]));
    mode.forEach((button, index) => button.setAttribute("aria-pressed", String(state.difference === (index === 1))));
  };
  model.on("state", draw);
  model.on("msg:custom", (event) => {
    const {filename, text} = event.data ?? event;
    if (filename) saveBlob(new Blob([text]), filename);
  });
  draw();
  return h("div.title-row.spectrum-title", {}, h("h2", {}, "Spectrum"), helpButton("spectrum"), sub, h("span.spacer"), legend,
    h("span.segments", {role: "group", "aria-label": "Residuals as"}, mode), reset, h("span.anchor", {}, opener, menu));
}

// The figures as they stand on the page, one picture, with the star's name above.
async function savePicture(type, {title, figures, models}) {
  const views = figures.flatMap((name) => [...Bokeh.index.query((view) => view.model.name === name)]);
  const placed = views.map((view) => ({view, box: view.el.getBoundingClientRect()})).filter(({box}) => box.width > 0);
  const left = Math.min(...placed.map(({box}) => box.left));
  const top = Math.min(...placed.map(({box}) => box.top)) - 28;
  const width = Math.max(...placed.map(({box}) => box.right)) - left;
  const height = Math.max(...placed.map(({box}) => box.bottom)) - top;
  const color = (token) => getComputedStyle(document.documentElement).getPropertyValue(`--${token}`).trim();
  const words = [{text: title, color: color("ink")}, ...models.filter(({shown}) => shown).map(({name, token}) => ({text: name, color: color(token)}))];
  const picture = type === "png" ? drawn : written;
  const blob = await picture({placed, left, top, width, height, words, ground: color("surface")});
  saveBlob(blob, `${title.replace(/[^\w.+-]+/g, "_")}.${type}`);
}

function saveBlob(blob, filename) {
  const link = h("a", {href: URL.createObjectURL(blob), download: filename});
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function drawn({placed, left, top, width, height, words, ground}) {
  const ratio = window.devicePixelRatio;
  const canvas = h("canvas", {width: Math.round(width * ratio), height: Math.round(height * ratio)});
  const ctx = canvas.getContext("2d");
  ctx.scale(ratio, ratio);
  ctx.fillStyle = ground;
  ctx.fillRect(0, 0, width, height);
  ctx.font = "500 13px Roboto, Helvetica, Arial, sans-serif";
  let x = 12;
  for (const {text, color} of words) {
    ctx.fillStyle = color;
    ctx.fillText(text, x, 19);
    x += ctx.measureText(text).width + 16;
  }
  for (const {view, box} of placed) {
    ctx.drawImage(view.export("png", true).canvas, box.left - left, box.top - top, box.width, box.height);
  }
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

function written({placed, left, top, width, height, words, ground}) {
  const svg = drawing("svg", {xmlns: SVG, width, height, viewBox: `0 0 ${width} ${height}`},
    drawing("rect", {width, height, fill: ground}));
  const line = drawing("text", {x: 12, y: 19, "font-family": "Roboto, Helvetica, Arial, sans-serif", "font-size": 13, "font-weight": 500});
  words.forEach(({text, color}, index) => line.append(drawing("tspan", {fill: color, dx: index ? 16 : 0}, text)));
  svg.append(line);
  for (const {view, box} of placed) {
    const figure = view.export("svg", false).canvas;
    figure.setAttribute("x", box.left - left);
    figure.setAttribute("y", box.top - top);
    svg.append(figure);
  }
  return new Blob([new XMLSerializer().serializeToString(svg)], {type: "image/svg+xml"});
}
