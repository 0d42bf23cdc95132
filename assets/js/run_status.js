// One fixed readout: the losses at the step under the pointer, or at the replay's.
export function render({model}) {
  const readout = h("span.readout", {role: "status", "aria-live": "off", "aria-label": "Readout"});
  const hints = h("span.hints");
  let pointer = null, frame;
  const written = (step) => String(Math.round(step)).replace(/\B(?=(\d{3})+$)/g, "\u2009");
  const figures = (value) => {
    const text = Math.abs(value) < 1e-3 && value !== 0 ? value.toExponential(1) : value.toPrecision(3);
    return text.replaceAll("-", "−");
  };
  const show = () => {
    const {step, columns, idle} = model.state;
    const sources = {thin: Bokeh.documents[0]?.get_model_by_name("losses"), bold: Bokeh.documents[0]?.get_model_by_name("scores")};
    const target = pointer ?? step;
    const parts = [];
    if (target != null) {
      for (const {name, token, source, column, log} of columns) {
        const data = sources[source]?.data;
        const [place, steps] = nearest(data, column, target);
        if (place < 0) continue;
        const value = log ? 10 ** data[column][place] : data[column][place];
        if (!parts.length) parts.push(h("b", {}, `step ${written(steps[place])}`), "\u2003");
        else parts.push(" · ");
        parts.push(h("span", {style: `color: var(--${token})`}, `${name} `), figures(value));
      }
    }
    readout.replaceChildren(...(parts.length ? parts : [h("span.faint", {}, idle)]));
  };
  const nearest = (data, column, target) => {
    const steps = data?.step, values = data?.[column];
    if (!values) return [-1, steps];
    let best = -1, least = Infinity;
    for (let i = 0; i < steps.length; i++) {
      const away = Math.abs(steps[i] - target);
      if (away < least && Number.isFinite(values[i])) { least = away; best = i; }
    }
    return [best, steps];
  };
  const later = () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(show);
  };
  const listen = (event) => { pointer = event.detail; later(); };
  document.addEventListener("stellar-pointer", listen);
  model.on("remove", () => document.removeEventListener("stellar-pointer", listen));
  const draw = () => {
    hints.replaceChildren(...model.state.hints.map(([names, text]) => h("span.hint", {}, keys(...names), text)));
    later();
  };
  model.on("state", draw);
  draw();
  return h("footer.bar", {}, readout, h("span.spacer"), hints);
}
