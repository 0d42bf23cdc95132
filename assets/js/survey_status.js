// One fixed readout: the median residual of all stars in the pixel under the pointer, or
// in the picked one, and key hints. Numbers come from what the page has in the browser.
export function render({model}) {
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
    const {pixel, star, sides, decimals, symbol, idle} = model.state;
    const data = Bokeh.documents[0]?.get_model_by_name("survey-pixels")?.data;
    const place = !data?.x?.length ? -1 : pointer != null ? nearest(data.x, pointer) : pixel != null ? nearest(data.wavelength, pixel) : -1;
    const chosen = star ? h("span.faint", {}, `\u2003${star}`) : "";
    if (place < 0) { readout.replaceChildren(h("span.faint", {}, idle), chosen); return; }
    const medians = sides.map(([side, word]) => `${number(data[`median_${side}`]?.[place], decimals)} (${word})`).join(" · ");
    const count = Math.max(...sides.map(([side]) => data[`n_${side}`]?.[place] || 0));
    readout.replaceChildren("λ ", h("b", {}, number(data.wavelength[place], 2)), ` Å\u2003median ${symbol} ${medians}\u2003${number(count, 0)} stars`, chosen);
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
