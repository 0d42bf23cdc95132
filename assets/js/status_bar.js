// One fixed readout for the pixel under the pointer or the picked one, and key hints.
// Plots say where the pointer is; the numbers are read from the pixels that the figures
// draw, so nothing goes to the server.
export function render({model}) {
  const ask = h("button.ask", {title: "Which label the picked pixel answers to, on the Elements page", onclick: () => model.send_msg({command: "page", value: "elements"})}, "What is this line?");
  const readout = h("span.readout", {role: "status", "aria-live": "off", "aria-label": "Readout"});
  const hints = h("span.hints");
  let pointer = null, frame;

  const number = (value, digits) => {
    if (value == null || !Number.isFinite(value)) return "—";
    const [whole, part] = Math.abs(value).toFixed(digits).split(".");
    const text = whole.replace(/\B(?=(\d{3})+$)/g, "\u2009") + (part ? `.${part}` : "");
    return (value < 0 && /[1-9]/.test(text) ? "−" : "") + text;
  };
  const nearest = (values, target) => {
    let best = -1, least = Infinity;
    for (let i = 0; i < values.length; i++) {
      const away = Math.abs(values[i] - target);
      if (away < least) { least = away; best = i; }
    }
    return best;
  };
  const show = () => {
    const source = Bokeh.documents[0]?.get_model_by_name("pixels");
    const {pixel, models, idle} = model.state;
    const data = source?.data;
    const place = !data || !data.x?.length ? -1 : pointer != null ? nearest(data.x, pointer) : pixel != null ? nearest(data.wavelength, pixel) : -1;
    if (place < 0) { readout.replaceChildren(h("span.faint", {}, idle)); return; }
    const good = Number.isFinite(data.flux[place]);
    const parts = ["λ ", h("b", {}, number(data.wavelength[place], 2)), " Å\u2003",
      good ? `flux ${number(data.flux[place], 3)} ± ${number(data.sigma[place], 3)}\u2003` : "no good pixel\u2003"];
    const scores = models.map(({title, token, index}) =>
      h("span.score", {title, style: `color: var(--${token})`}, h("span.visually-hidden", {}, `${title} `), number(data[`zscore_${index}`]?.[place], 1)));
    if (good && scores.length) parts.push("z: ", ...scores);
    readout.replaceChildren(...parts);
  };
  const later = () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(show);
  };
  const listen = (event) => { pointer = event.detail; later(); };
  document.addEventListener("stellar-pointer", listen);
  model.on("remove", () => document.removeEventListener("stellar-pointer", listen));
  const draw = () => {
    ask.hidden = model.state.pixel == null;
    hints.replaceChildren(...model.state.hints.map(([names, text]) => h("span.hint", {}, keys(...names), text)));
    later();
  };
  model.on("state", draw);
  draw();
  return h("footer.bar", {}, readout, ask, h("span.spacer"), hints);
}
