// One fixed readout: the median residual of all stars in the pixel under the pointer, or
// in the picked one, and key hints. Numbers come from what the page has in the browser.
export function render({model}) {
  let pointer = null;
  const show = (readout) => {
    const {pixel, star, sides, decimals, symbol, idle} = model.state;
    const data = Bokeh.documents[0]?.get_model_by_name("survey-pixels")?.data;
    const place = pixelAt(data, pointer, pixel);
    const chosen = star ? h("span.faint", {}, `\u2003${star}`) : "";
    if (place < 0) { readout.replaceChildren(h("span.faint", {}, idle), chosen); return; }
    const medians = sides.map(([side, word]) => `${written(data[`median_${side}`]?.[place], decimals)} (${word})`).join(" · ");
    const count = Math.max(...sides.map(([side]) => data[`n_${side}`]?.[place] || 0));
    readout.replaceChildren("λ ", h("b", {}, written(data.wavelength[place], 2)), ` Å\u2003median ${symbol} ${medians}\u2003${written(count, 0)} stars`, chosen);
  };
  return statusLine(model, show, {"stellar-pointer": (x) => { pointer = x; }});
}
