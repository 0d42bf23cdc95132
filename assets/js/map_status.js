// One fixed readout: the point under the pointer in any map, or the picked one, and key
// hints. Maps say where the pointer is; names are read from the points that they draw.
export function render({model}) {
  const REACH = 12;  // px
  let pointer = null;

  const under = ({map, x, y}) => {
    const source = Bokeh.documents[0]?.get_model_by_name("map-points");
    const figure = Bokeh.documents[0]?.get_model_by_name(model.state.figures[map]);
    if (!source || !figure) return null;
    const {data} = source, xs = data[`x_${map}`], ys = data[`y_${map}`];
    const {x_range: h_range, y_range: v_range} = figure;
    const px = (figure.inner_width ?? 400) / (h_range.end - h_range.start), py = (figure.inner_height ?? 260) / (v_range.end - v_range.start);
    let best = -1, least = REACH * REACH;
    for (let i = 0; i < xs.length; i++) {
      const dx = (xs[i] - x) * px, dy = (ys[i] - y) * py, away = dx * dx + dy * dy;
      if (away < least && data.shade[i] !== -1) { least = away; best = i; }
    }
    return best < 0 ? null : {data, place: best};
  };
  const show = (readout) => {
    const {picked, idle, facts} = model.state;
    const found = pointer && under(pointer);
    if (found) {
      const {data, place} = found;
      const numbers = facts.filter(({name}) => Number.isFinite(data[name]?.[place]))
        .map(({name, title, unit, decimals}) => ` · ${title} ${written(data[name][place], decimals)}${unit ? ` ${unit}` : ""}`);
      const domain = data.obs[place] ? "observed" : "synthetic";
      readout.replaceChildren(h("i.dot", {style: `background: var(--${domain}-domain)`}), h("b", {}, data.name[place]), ` · ${domain}`, ...numbers);
    } else if (picked) readout.replaceChildren(h("i.ring"), h("b", {}, picked.name), ` · ${picked.words}`);
    else readout.replaceChildren(h("span.faint", {}, idle));
  };
  const hear = (at) => { pointer = at.x == null ? null : at; };
  return statusLine(model, show, {"stellar-map-pointer": hear});
}
