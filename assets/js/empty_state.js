// What stands where nothing can be shown: an icon, one sentence, one working example.
export function render({model}) {
  const words = h("p"), line = h("div.line");
  let shown = model.state.icon ?? "open", picture = icon(shown, 40);
  const draw = () => {
    const {text, icon: name = "open", buttons = []} = model.state;
    if (name !== shown) {
      shown = name;
      const next = icon(name, 40);
      picture.replaceWith(next);
      picture = next;
    }
    words.textContent = text ?? "";
    redraw(line, buttons.map(([title, command, value]) => h("button.button", {onclick: () => model.send_msg({command, value})}, title)));
  };
  model.on("state", draw);
  draw();
  return h("section.empty", {"aria-label": "Nothing to show"}, picture, words, line);
}
