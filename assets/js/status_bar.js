// One fixed readout for the pixel under the pointer or the picked one, and key hints.
// Plots say where the pointer is; the numbers are read from the pixels that the figures
// draw, so nothing goes to the server.
export function render({model}) {
  const ask = h("button.ask", {title: "Which label the picked pixel answers to, on the Elements page", onclick: () => model.send_msg({command: "page", value: "elements"})}, "What is this line?");
  let pointer = null;
  const show = (readout) => {
    ask.hidden = model.state.pixel == null;
    const source = Bokeh.documents[0]?.get_model_by_name("pixels");
    const {pixel, models, idle} = model.state;
    const data = source?.data;
    const place = pixelAt(data, pointer, pixel);
    if (place < 0) { readout.replaceChildren(h("span.faint", {}, idle)); return; }
    const good = Number.isFinite(data.flux[place]);
    const parts = ["λ ", h("b", {}, written(data.wavelength[place], 2)), " Å\u2003",
      good ? `flux ${written(data.flux[place], 3)} ± ${written(data.sigma[place], 3)}\u2003` : "no good pixel\u2003"];
    const scores = models.map(({title, token, index}) =>
      h("span.score", {title, style: `color: var(--${token})`}, h("span.visually-hidden", {}, `${title} `), written(data[`zscore_${index}`]?.[place], 1)));
    if (good && scores.length) parts.push("z: ", ...scores);
    readout.replaceChildren(...parts);
  };
  return statusLine(model, show, {"stellar-pointer": (x) => { pointer = x; }}, ask);
}
