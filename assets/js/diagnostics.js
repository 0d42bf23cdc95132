// How healthy the run is: a light, what it is about, and a sentence with the numbers.
export function render({model}) {
  const send = (command) => model.send_msg({command, value: null});
  const chips = h("span");
  const list = h("ul.scroll", {tabindex: 0, "aria-label": "Diagnostics of the run"});
  const words = {ok: "healthy", warning: "to watch", bad: "wrong", idle: "not known yet"};
  const entry = ({kind, title, text, tip, action}) => h("li", {title: tip || null},
    h(`span.light.${kind}`, {}, icon(kind === "idle" ? "dots" : kind, 18), h("span.visually-hidden", {}, words[kind])),
    h("div", {}, h("div.what", {}, title), h("div.numbers.muted", {}, text),
      action ? h("button.button.again", {onclick: () => send(action[1])}, action[0]) : null));
  const draw = () => {
    const {chip, checks, empty} = model.state;
    chips.replaceChildren(...(chip ? [h(`span.chip.${chip.kind}`, {}, icon(chip.kind, 14), chip.text)] : []));
    redraw(list, ...(checks.length ? checks.map(entry) : [h("li.muted", {}, empty)]));
  };
  model.on("state", draw);
  draw();
  return h("section.card", {"aria-label": "Diagnostics"},
    h("div.title-row", {}, h("h2", {}, "Diagnostics"), helpButton("diagnostics"), h("span.spacer"), chips), list);
}
