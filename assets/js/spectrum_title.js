// The title of the spectrum: which piece, the models as toggles, residual mode, reset,
// and what can be saved: the picture as it stands, or the numbers behind it.
export function render({model}) {
  const send = (command, value = null) => model.send_msg({command, value});
  const sub = h("span.sub");
  const legend = h("span.legend", {role: "group", "aria-label": "Models"});
  const mode = ["z", "Δ flux"].map((text, index) =>
    h("button", {title: index ? "Flux differences (R)" : "z-scores (R)", onclick: () => send("residual", index === 1)}, text));
  const reset = h("button.icon-button", {"aria-label": "Whole piece again", title: "Whole piece again (0)", onclick: () => send("reset")}, icon("refresh"));

  const saver = saveMenu("Save spectrum", (kind) => {
    if (kind === "ecsv") send("numbers");
    else savePicture(kind, {...model.state, words: model.state.models.filter(({shown}) => shown).map(({name, token}) => ({text: name, token}))});
  });

  const swatch = (token, dash) => h("i.swatch", {style: dash ? `border-top: 3px dashed var(--${token})` : `background: var(--${token})`});
  const draw = () => {
    const state = model.state;
    sub.textContent = state.sub;
    redraw(legend,
      h("span.observed", {}, swatch("observed"), "observed ± σ"),
      ...state.models.flatMap(({name, token, dash, shown, scored}, index) => [
        h("button.model", {"aria-pressed": String(shown), style: `color: var(--${token})`, title: `${shown ? "Hide" : "Show"} ${name} (${index + 1})`, onclick: () => send("model", index)},
          swatch(token, dash), name, keys(String(index + 1))),
        scored && shown ? h("button.icon-button.small.scores", {"aria-label": "How good is the transfer?", title: "How good is the transfer?", onclick: () => send("transfer")}, icon("scores", 16)) : ""]));
    mode.forEach((button, index) => button.setAttribute("aria-pressed", String(state.difference === (index === 1))));
  };
  model.on("state", draw);
  model.on("msg:custom", (event) => {
    const {filename, text} = event.data ?? event;
    if (filename) saveBlob(new Blob([text]), filename);
  });
  draw();
  return h("div.title-row.spectrum-title", {}, h("h2", {}, "Spectrum"), helpButton("spectrum"), sub, h("span.spacer"), legend,
    h("span.segments", {role: "group", "aria-label": "Residuals as"}, mode), reset, saver);
}
