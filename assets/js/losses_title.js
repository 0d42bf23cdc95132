// The title of the losses: how the lines are drawn, smoothing, range, scale.
export function render({model}) {
  const send = (command, value = null) => model.send_msg({command, value});
  const sub = h("span.sub");
  const slider = h("input", {type: "range", min: 0, max: 0.98, step: 0.02, "aria-label": "Smoothing", title: "Smoothing of what has no validation"});
  slider.addEventListener("input", () => send("smoothing", Number(slider.value)));
  const choice = (command, entries) => entries.map(([value, text]) => {
    const button = h("button", {onclick: () => send(command, value)}, text);
    return {value, button};
  });
  const ranges = choice("range", [["now", "to now"], ["end", "to the end"]]);
  const scales = choice("log", [[true, "log"], [false, "linear"]]);
  const draw = () => {
    const {words, range, log, smoothing} = model.state;
    sub.textContent = words;
    if (slider.getRootNode().activeElement !== slider) slider.value = smoothing;
    for (const [entries, now] of [[ranges, range], [scales, log]]) {
      entries.forEach(({value, button}) => button.setAttribute("aria-pressed", String(value === now)));
    }
  };
  model.on("state", draw);
  draw();
  return h("div.title-row", {}, h("h2", {}, "Losses"), helpButton("losses"), sub, h("span.spacer"),
    h("label.smooth.muted", {}, h("span", {}, "smooth"), slider),
    h("span.segments", {role: "group", "aria-label": "Range"}, ranges.map(({button}) => button)),
    h("span.segments", {role: "group", "aria-label": "Scale"}, scales.map(({button}) => button)));
}
