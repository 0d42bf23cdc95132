// Saving what is shown: pictures as PNG and SVG, numbers as the server writes them.
// Given to the components that ask for it, after dom.js.

const FORMATS = [["png", "Picture, PNG"], ["svg", "Picture, SVG"], ["ecsv", "Numbers, ECSV"]];

// A button with a menu; save(kind) is called with "png", "svg" or "ecsv".
function saveMenu(name, save) {
  const entry = ([kind, text]) => h("button.entry", {role: "menuitem", onclick: () => { close(); save(kind); }}, text);
  const menu = h("div.menu", {role: "menu", hidden: true}, FORMATS.map(entry));
  const opener = h("button.icon-button", {"aria-label": name, title: name, "aria-haspopup": "menu", "aria-expanded": "false", onclick: () => toggle()}, icon("download"));
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
  return h("span.anchor", {}, opener, menu);
}

function saveBlob(blob, filename) {
  const link = h("a", {href: URL.createObjectURL(blob), download: filename});
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

const fileName = (title, type) => `${title.replace(/[^\w.+-]+/g, "_")}.${type}`;
const tokenColor = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Bokeh figures, by name, as they stand on the page, in one picture with words above.
async function savePicture(type, {title, figures, words = []}) {
  const views = figures.flatMap((name) => [...Bokeh.index.query((view) => view.model.name === name)]);
  const placed = views.map((view) => ({view, box: view.el.getBoundingClientRect()})).filter(({box}) => box.width > 0);
  const left = Math.min(...placed.map(({box}) => box.left));
  const top = Math.min(...placed.map(({box}) => box.top)) - 28;
  const width = Math.max(...placed.map(({box}) => box.right)) - left;
  const height = Math.max(...placed.map(({box}) => box.bottom)) - top;
  const colored = [{text: title, token: "ink"}, ...words].map(({text, token}) => ({text, color: tokenColor(`--${token}`)}));
  const picture = type === "png" ? drawn : written;
  const blob = await picture({placed, left, top, width, height, words: colored, ground: tokenColor("--surface")});
  saveBlob(blob, fileName(title, type));
}

// An <svg> of a component, its colours as they are in the theme that is shown.
async function saveDrawing(type, svg, title) {
  const {width, height} = svg.getBoundingClientRect();
  const copy = svg.cloneNode(true);
  for (const [key, value] of Object.entries({xmlns: SVG, width, height, "font-family": "Roboto, Helvetica, Arial, sans-serif"})) copy.setAttribute(key, value);
  copy.prepend(drawing("rect", {width: "100%", height: "100%", fill: "var(--surface)"}));
  const text = new XMLSerializer().serializeToString(copy).replace(/var\((--[\w-]+)\)/g, (_, name) => tokenColor(name));
  const blob = new Blob([text], {type: "image/svg+xml"});
  saveBlob(type === "svg" ? blob : await rastered(blob, width, height), fileName(title, type));
}

async function rastered(blob, width, height) {
  const picture = new Image();
  picture.src = URL.createObjectURL(blob);
  await picture.decode();
  const ratio = 2 * window.devicePixelRatio;
  const canvas = h("canvas", {width: Math.round(width * ratio), height: Math.round(height * ratio)});
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(picture.src);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
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
