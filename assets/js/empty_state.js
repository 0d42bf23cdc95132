// What stands where nothing can be shown: an icon, one sentence, one working example.
export function render({model}) {
  const words = h("p"), line = h("div.line");
  const draw = () => {
    const {text, buttons = []} = model.state;
    words.textContent = text ?? "";
    redraw(line, buttons.map(([title, command, value]) => h("button.button", {onclick: () => model.send_msg({command, value})}, title)));
  };
  model.on("state", draw);
  draw();
  return h("section.empty", {"aria-label": "Nothing to show"}, icon(model.state.icon ?? "open", 40), words, line);
}
