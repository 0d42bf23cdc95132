// One fixed readout: flux and derivatives at the pointer or at the picked pixel, and of
// the row of the map under the pointer; all read from what the figures draw.
export function render({model}) {
  const readout = h("span.readout", {role: "status", "aria-live": "off", "aria-label": "Readout"});
  const hints = h("span.hints");
  let pointer = null, height = null, frame;

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
  // The strength of a row is the opacity of its image, whose first row is the lowest.
  const ofRow = (x) => {
    const {rows, end} = model.state;
    const place = height == null ? -1 : rows.length - 1 - Math.floor(height);
    const image = Bokeh.documents[0]?.get_model_by_name("element-image")?.data.image[0];
    if (place < 0 || place >= rows.length || !image) return null;
    const columns = image.length / rows.length;
    const column = Math.max(0, Math.min(columns - 1, Math.floor((x / end) * columns)));
    const strength = (image[Math.floor(height) * columns + column] >>> 24) / 255;
    return {...rows[place], strength};
  };
  const show = () => {
    const {pixel, curves, idle} = model.state;
    const data = Bokeh.documents[0]?.get_model_by_name("derivative-curves")?.data;
    const place = !data?.x?.length ? -1 : pointer != null ? nearest(data.x, pointer) : pixel != null ? nearest(data.wavelength, pixel) : -1;
    if (place < 0) { readout.replaceChildren(h("span.faint", {}, idle)); return; }
    const parts = ["λ ", h("b", {}, number(data.wavelength[place], 2)), " Å\u2003", `flux ${number(data.flux[place], 3)}\u2003`];
    const row = pointer == null ? null : ofRow(pointer);
    if (row) {
      parts.push(h("span", {style: `color: var(--${row.token})`}, `${row.name} `), `${Math.round(100 * row.strength)} % of its largest |∂f|, ${row.scale} ${row.unit}`);
    } else if (curves.length) {
      parts.push("∂f per 0.1 dex: ", ...curves.flatMap(({name, token}, k) =>
        [h("span", {style: `color: var(--${token})`}, `${name} `), `${number(data[`line_${k}`]?.[place], 4)}\u2002`]));
    }
    readout.replaceChildren(...parts);
  };
  const later = () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(show);
  };
  const listen = (event) => { pointer = event.detail; later(); };
  const listenRow = (event) => { height = event.detail; later(); };
  document.addEventListener("stellar-pointer", listen);
  document.addEventListener("stellar-row", listenRow);
  model.on("remove", () => {
    document.removeEventListener("stellar-pointer", listen);
    document.removeEventListener("stellar-row", listenRow);
  });
  const draw = () => {
    hints.replaceChildren(...model.state.hints.map(([names, text]) => h("span.hint", {}, keys(...names), text)));
    later();
  };
  model.on("state", draw);
  draw();
  return h("footer.bar", {}, readout, h("span.spacer"), hints);
}
