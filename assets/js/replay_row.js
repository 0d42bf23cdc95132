// Beside the track of checkpoints: its name, the step, and buttons to go on and back.
export function render({model}) {
  const send = (command, value = null) => model.send_msg({command, value});
  const back = h("button.icon-button.small", {"aria-label": "Previous checkpoint", title: "Previous checkpoint (,)", onclick: () => send("checkpoint_back")}, icon("left", 16));
  const next = h("button.icon-button.small", {"aria-label": "Next checkpoint", title: "Next checkpoint (.)", onclick: () => send("checkpoint_on")}, icon("right", 16));
  const step = h("span.step", {role: "status"});
  const draw = () => {
    const {words, first, last} = model.state;
    const [, word, rest] = words.match(/^(step )?(.*)$/);
    step.replaceChildren(h("span.word", {}, word ?? ""), rest);
    back.disabled = first;
    next.disabled = last;
  };
  model.on("state", draw);
  draw();
  return h("div.row", {role: "group", "aria-label": "Replay"}, h("span.title", {}, "replay"), helpButton("replay"), h("span.spacer"), back, next, step);
}
