// One fixed readout: the losses at the step under the pointer, or at the replay's.
export function render({model}) {
  let pointer = null;
  const figures = (value) => {
    const text = Math.abs(value) < 1e-3 && value !== 0 ? value.toExponential(1) : value.toPrecision(3);
    return text.replaceAll("-", "−");
  };
  const show = (readout) => {
    const {step, columns, idle} = model.state;
    const sources = {thin: Bokeh.documents[0]?.get_model_by_name("losses"), bold: Bokeh.documents[0]?.get_model_by_name("scores")};
    const target = pointer ?? step;
    const parts = [];
    if (target != null) {
      for (const {name, token, source, column, log} of columns) {
        const data = sources[source]?.data;
        const values = data?.[column];
        const place = values ? nearest(data.step, target, (i) => Number.isFinite(values[i])) : -1;
        if (place < 0) continue;
        const value = log ? 10 ** values[place] : values[place];
        if (!parts.length) parts.push(h("b", {}, `step ${written(data.step[place], 0)}`), "\u2003");
        else parts.push(" · ");
        parts.push(h("span", {style: `color: var(--${token})`}, `${name} `), figures(value));
      }
    }
    readout.replaceChildren(...(parts.length ? parts : [h("span.faint", {}, idle)]));
  };
  return statusLine(model, show, {"stellar-pointer": (x) => { pointer = x; }});
}
