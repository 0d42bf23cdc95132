// What went wrong with the run: what, why, what is safe, and the repair as a button.
export function render({model}) {
  const send = (command, value = null) => model.send_msg({command, value});
  const bar = h("section.trouble", {role: "alert", "aria-label": "What went wrong"});
  const draw = () => {
    const {title, text, actions = []} = model.state;
    redraw(bar, h("span.sign", {}, icon("bad", 22)),
      h("div.words", {}, h("div", {}, title), h("div.why", {}, text)), h("span.spacer"),
      ...actions.map(({text: name, command, value, first}) => h(`button.button${first ? ".first" : ""}`, {onclick: () => send(command, value)}, name)),
      h("button.icon-button", {"aria-label": "Close", onclick: () => send("dismiss")}, icon("close", 18)));
  };
  model.on("state", draw);
  draw();
  return bar;
}
