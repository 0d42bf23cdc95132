// What the status lines of all pages share: numbers as text, the place nearest to the
// pointer, and a line of readout and key hints that is written once in a frame.

function written(value, digits) {
  if (value == null || !Number.isFinite(value)) return "—";
  const [whole, part] = Math.abs(value).toFixed(digits).split(".");
  const text = whole.replace(/\B(?=(\d{3})+$)/g, "\u2009") + (part ? `.${part}` : "");
  return (value < 0 && /[1-9]/.test(text) ? "−" : "") + text;
}

// The place of the value nearest to the target, of those that count; -1 if none does.
function nearest(values, target, counts = () => true) {
  let best = -1, least = Infinity;
  for (let i = 0; i < values.length; i++) {
    const away = Math.abs(values[i] - target);
    if (away < least && counts(i)) { least = away; best = i; }
  }
  return best;
}

// Of data with the columns x and wavelength: at the pointer, else at the picked pixel.
function pixelAt(data, pointer, pixel) {
  if (!data?.x?.length) return -1;
  if (pointer != null) return nearest(data.x, pointer);
  return pixel != null ? nearest(data.wavelength, pixel) : -1;
}

// `show` writes into the readout that it is given; `hear` has what to do with the detail
// of each event of the document after which it is written anew.
function statusLine(model, show, hear, ...others) {
  const readout = h("span.readout", {role: "status", "aria-live": "off", "aria-label": "Readout"});
  const hints = h("span.hints");
  let frame;
  const later = () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => show(readout));
  };
  for (const [name, take] of Object.entries(hear)) {
    const listen = (event) => { take(event.detail); later(); };
    document.addEventListener(name, listen);
    model.on("remove", () => document.removeEventListener(name, listen));
  }
  const draw = () => {
    hints.replaceChildren(...model.state.hints.map(([names, text]) => h("span.hint", {}, keys(...names), text)));
    later();
  };
  model.on("state", draw);
  draw();
  return h("footer.bar", {}, readout, ...others, h("span.spacer"), hints);
}
