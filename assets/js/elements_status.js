// One fixed readout: flux and derivatives at the pointer or at the picked pixel, and of
// the row of the map under the pointer; all read from what the figures draw.
export function render({model}) {
  let pointer = null, height = null;
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
  const show = (readout) => {
    const {pixel, curves, idle} = model.state;
    const data = Bokeh.documents[0]?.get_model_by_name("derivative-curves")?.data;
    const place = pixelAt(data, pointer, pixel);
    if (place < 0) { readout.replaceChildren(h("span.faint", {}, idle)); return; }
    const parts = ["λ ", h("b", {}, written(data.wavelength[place], 2)), " Å\u2003", `flux ${written(data.flux[place], 3)}\u2003`];
    const row = pointer == null ? null : ofRow(pointer);
    if (row) {
      parts.push(h("span", {style: `color: var(--${row.token})`}, `${row.name} `), `${Math.round(100 * row.strength)} % of its largest |∂f|, ${row.scale} ${row.unit}`);
    } else if (curves.length) {
      parts.push("∂f per 0.1 dex: ", ...curves.flatMap(({name, token}, k) =>
        [h("span", {style: `color: var(--${token})`}, `${name} `), `${written(data[`line_${k}`]?.[place], 4)}\u2002`]));
    }
    readout.replaceChildren(...parts);
  };
  return statusLine(model, show, {"stellar-pointer": (x) => { pointer = x; }, "stellar-row": (y) => { height = y; }});
}
